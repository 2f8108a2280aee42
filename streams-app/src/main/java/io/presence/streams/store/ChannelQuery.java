package io.presence.streams.store;

import io.presence.schemas.query.Question;
import org.apache.kafka.streams.query.Query;

/** An interactive query for the members of a channel, or for how many there are. */
public record ChannelQuery(Question.OfChannel question) implements Query<ChannelQuery.Result> {

  /**
   * The answer.
   *
   * @param json the body of the reply
   * @param stale whether a standby answered
   */
  public record Result(byte[] json, boolean stale) {}
}
