package io.presence.streams.store;

import io.presence.schemas.query.Question;
import org.apache.kafka.streams.query.Query;

/**
 * An interactive query for the members of a channel, or for how many there are.
 *
 * @param taken what a copy must have taken in
 */
public record ChannelQuery(Question.OfChannel question, Taken taken)
    implements Query<ChannelQuery.Result> {

  /** One that any copy answers. */
  public ChannelQuery(Question.OfChannel question) {
    this(question, Taken.ANYTHING);
  }

  /**
   * The answer.
   *
   * @param json the body of the reply
   * @param stale whether a standby answered
   */
  public record Result(byte[] json, boolean stale) {}
}
