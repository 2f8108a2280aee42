package io.presence.schemas.query;

import io.presence.schemas.presence.Visibility;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A lookup of many users. */
public final class Lookup {
  private Lookup() {}

  /**
   * @param requester who will see the answer; null for a stranger
   * @param userIds ids of any partitions
   * @param standby false: only what this instance owns is answered; true: also what it holds a
   *     fresh enough copy of
   * @param contacts whether each entry has to say if the requester is a contact of the user; false:
   *     only where that decides whether the user is shown, which costs less
   */
  public record Request(
      @Nullable String requester, List<String> userIds, boolean standby, boolean contacts) {}

  /** What became of one id. */
  public enum Outcome {
    /** The requester may see the presence. */
    SHOWN,
    /** The user is not known, or hidden from the requester: the two are the same. */
    NOT_SHOWN,
    /** The instance does not hold the user's partition, or its copy is too old. */
    NOT_HERE
  }

  /**
   * What is known of one id.
   *
   * @param presence the presence as JSON in UTF-8, for {@link Outcome#SHOWN}; not to be changed
   * @param version the version of the user's latest change, also of hidden users; 0 if there was
   *     none
   * @param visibility also of hidden users; everyone if never set
   * @param contact whether the requester is a contact of the user, as far as the request wants to
   *     know
   * @param stale whether a standby answered
   */
  public record Entry(
      Outcome outcome,
      byte @Nullable [] presence,
      long version,
      Visibility visibility,
      boolean contact,
      boolean stale) {

    /** The entry of an id that the instance does not hold. */
    public static final Entry NOT_HERE =
        new Entry(Outcome.NOT_HERE, null, 0, Visibility.NOBODY, false, false);

    /** The same, as one that may be older than it should be; nothing, if there is none. */
    public Entry asStale() {
      return outcome == Outcome.NOT_HERE || stale
          ? this
          : new Entry(outcome, presence, version, visibility, contact, true);
    }
  }

  /**
   * The answer.
   *
   * @param entries one for each id of the request, in its order
   * @param ownership who owns what, as far as the one that was asked knows; there only if it was
   *     asked, as an owner, for what it does not own
   */
  public record Answer(List<Entry> entries, @Nullable Ownership ownership) {

    /** One from where the ids are. */
    public Answer(List<Entry> entries) {
      this(entries, null);
    }
  }
}
