package io.presence.schemas.query;

import org.jspecify.annotations.Nullable;

/** A question about one user or channel, answered by whoever holds its partition. */
public sealed interface Question {

  /** A question about a user. */
  sealed interface OfUser extends Question {
    /** The user that is asked about. */
    String userId();
  }

  /** A question about a channel. One that nobody is in is a channel as well. */
  sealed interface OfChannel extends Question {
    /** The most members of a page. */
    int MAX_MEMBERS = 5_000;

    /** The channel that is asked about. */
    String channelId();

    /** Who asks: a hidden membership is there for its own user only; null for a stranger. */
    @Nullable String requester();
  }

  /**
   * The members of a channel, in the order of their ids: {@code {"members": [{user_id, joined_at,
   * last_seen, metadata}], "count": n, "version": v, "next"?: user_id}}. The members have all
   * changes up to the version, and may have later ones.
   *
   * @param limit up to {@link #MAX_MEMBERS}
   * @param after the last user_id of the page before; null for the first page
   */
  record Members(String channelId, @Nullable String requester, int limit, @Nullable String after)
      implements OfChannel {}

  /** How many members a channel has: {@code {"count": n, "version": v}}. */
  record Count(String channelId, @Nullable String requester) implements OfChannel {}

  /** Why the status is what it is: sessions, windows with their deadlines, claim, visibility. */
  record Explain(String userId) implements OfUser {}

  /** The user's own view: claim, custom status, derived status, visibility. */
  record OwnStatus(String userId) implements OfUser {}

  /**
   * Closed sessions, newest first.
   *
   * @param after the {@code next} of the page before; null for the first page
   */
  record Sessions(String userId, int limit, @Nullable String after) implements OfUser {}

  /**
   * Contacts, in the order of their ids.
   *
   * @param after the {@code next} of the page before; null for the first page
   */
  record Contacts(String userId, int limit, @Nullable String after) implements OfUser {}

  /** What became of a question. */
  enum Outcome {
    ANSWERED,
    /** The question's {@code after} is not one that an answer gave. */
    INVALID,
    /** The instance does not hold the partition, or its copy is too old. */
    NOT_HERE
  }

  /**
   * A reply.
   *
   * @param json the body of the HTTP answer, for {@link Outcome#ANSWERED}
   * @param stale whether a standby answered
   * @param ownership who owns what, as far as the one that was asked knows; only for {@link
   *     Outcome#NOT_HERE}
   */
  record Reply(
      Outcome outcome, byte @Nullable [] json, boolean stale, @Nullable Ownership ownership) {
    public static final Reply NOT_HERE = new Reply(Outcome.NOT_HERE, null, false, null);
    public static final Reply INVALID = new Reply(Outcome.INVALID, null, false, null);

    /** An answer. */
    public static Reply answered(byte[] json, boolean stale) {
      return new Reply(Outcome.ANSWERED, json, stale, null);
    }

    /** It is not here, but perhaps there. */
    public static Reply notHere(@Nullable Ownership ownership) {
      return new Reply(Outcome.NOT_HERE, null, false, ownership);
    }
  }
}
