package io.presence.streams.store;

import io.presence.streams.core.UserState;
import org.apache.kafka.streams.query.Query;

/**
 * An interactive query for all that is known of one user.
 *
 * @param taken what a copy must have taken in
 */
public record UserQuery(String userId, Taken taken) implements Query<UserQuery.Result> {

  /**
   * The answer.
   *
   * @param contacts live: it may change while it is read
   * @param presenceTime the partition's, in milliseconds, to the second
   * @param stale whether a standby answered
   */
  public record Result(UserState state, ContactSet contacts, long presenceTime, boolean stale) {}
}
