package io.presence.schemas.query;

import org.jspecify.annotations.Nullable;

/** A question about one user, answered by whoever holds the user's partition. */
public sealed interface Question {

  /** The user that is asked about. */
  String userId();

  /** Why the status is what it is: sessions, windows with their deadlines, claim, visibility. */
  record Explain(String userId) implements Question {}

  /** The user's own view: claim, custom status, derived status, visibility. */
  record OwnStatus(String userId) implements Question {}

  /**
   * Closed sessions, newest first.
   *
   * @param after the {@code next} of the page before; null for the first page
   */
  record Sessions(String userId, int limit, @Nullable String after) implements Question {}

  /**
   * Contacts, in the order of their ids.
   *
   * @param after the {@code next} of the page before; null for the first page
   */
  record Contacts(String userId, int limit, @Nullable String after) implements Question {}

  /** What became of a question. */
  enum Outcome {
    ANSWERED,
    /** The question's {@code after} is not one that an answer gave. */
    INVALID,
    /** The instance does not hold the user's partition, or its copy is too old. */
    NOT_HERE
  }

  /**
   * A reply.
   *
   * @param json the body of the HTTP answer, for {@link Outcome#ANSWERED}
   * @param stale whether a standby answered
   */
  record Reply(Outcome outcome, byte @Nullable [] json, boolean stale) {
    public static final Reply NOT_HERE = new Reply(Outcome.NOT_HERE, null, false);
    public static final Reply INVALID = new Reply(Outcome.INVALID, null, false);
  }
}
