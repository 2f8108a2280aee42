package io.presence.streams.query;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What is known of what was written to changelogs: the newest time of each, and when it was asked
 * for; and where they end, of those that nothing comes to any more.
 *
 * <p>What was the newest a moment ago is kept as well, for as long as it is fresh enough: an owner
 * that is late takes many seconds of its log at once, so that its copies are many seconds of the
 * log behind, and only a moment by the clock.
 */
final class Writings {
  /** What a copy may be behind, in milliseconds, and how old what is known of its owner may be. */
  static final long LIMIT_MILLIS = 2_000;

  static final long LIMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(LIMIT_MILLIS);

  /** More than one who lives leaves between two records: the time is stored each second. */
  static final long STILL_MILLIS = 1_500;

  /** What is required of one that has all there is: that it has taken in any time at all. */
  static final long ANY_TIME = Long.MIN_VALUE + 1;

  /**
   * What there was in a changelog.
   *
   * @param newest its newest timestamp
   * @param asked when it was asked for the last time that it was this, in nanoseconds
   * @param received when the answer came the first time that it was this
   */
  private record Written(long newest, long asked, long received) {
    Written askedAgain(long again) {
      return new Written(newest, again, received);
    }

    /** How long it took from when this was all until the last of another was written, at most. */
    long millisUntil(Written later) {
      return equals(later) ? 0 : millis(later.received - asked);
    }
  }

  /**
   * Where the records of a changelog ended.
   *
   * @param offset behind it there was none
   * @param asked when that was so, in nanoseconds
   */
  private record End(long offset, long asked) {}

  /** Oldest first, and none but the last is older than it by more than the limit. */
  private final Map<TopicPartition, List<Written>> written = new ConcurrentHashMap<>();

  private final Map<TopicPartition, End> ends = new ConcurrentHashMap<>();

  /**
   * Takes what was found.
   *
   * @param newest the newest timestamp; negative: the brokers know of none, or not yet whether all
   *     replicas have the record that it is of, and that says nothing
   * @param asked when it was asked for, in nanoseconds
   * @param received when the answer came
   * @return whether that says anything
   */
  boolean found(TopicPartition changelog, long newest, long asked, long received) {
    if (newest < 0) {
      return false;
    }
    Written found = new Written(newest, asked, received);
    written.merge(changelog, List.of(found), (before, alone) -> with(before, found));
    return true;
  }

  private static List<Written> with(List<Written> before, Written found) {
    Written last = before.getLast();
    if (found.asked - last.asked < 0) {
      // Answers may overtake one another.
      return before;
    }
    if (found.newest < last.newest) {
      return List.of(found);
    }
    List<Written> after = new ArrayList<>(before);
    boolean same = found.newest == last.newest;
    if (same) {
      after.removeLast();
    }
    Written newest = same ? last.askedAgain(found.asked) : found;
    after.removeIf(earlier -> earlier.millisUntil(newest) > LIMIT_MILLIS);
    after.add(newest);
    return List.copyOf(after);
  }

  /** Knows nothing any more of those changelogs. */
  void forget(Predicate<TopicPartition> changelogs) {
    written.keySet().removeIf(changelogs);
    ends.keySet().removeIf(changelogs);
  }

  /**
   * Those that nothing comes to any more, as far as the brokers tell, each with when they were
   * asked last.
   *
   * @param now in nanoseconds
   */
  Map<TopicPartition, Long> still(long now) {
    Map<TopicPartition, Long> still = new HashMap<>();
    written.forEach(
        (changelog, known) -> {
          Written last = known.getLast();
          if (millis(now - last.received) > STILL_MILLIS
              && millis(now - last.asked) <= LIMIT_MILLIS) {
            still.put(changelog, last.asked);
          }
        });
    return still;
  }

  /**
   * Takes that there was no record behind an offset: whoever has taken that in has all there was,
   * whatever its time.
   *
   * @param asked when the brokers were asked last before that, in nanoseconds
   */
  void ended(TopicPartition changelog, long offset, long asked) {
    ends.put(changelog, new End(offset, asked));
  }

  /**
   * What timestamp the newest record must have that a copy has taken in; {@link Long#MAX_VALUE} if
   * none may answer.
   *
   * @param takenIn up to which offset the copy has taken in all; null: not known
   * @param now in nanoseconds
   */
  long required(TopicPartition changelog, @Nullable Long takenIn, long now) {
    End end = ends.get(changelog);
    if (end != null
        && takenIn != null
        && takenIn >= end.offset
        && millis(now - end.asked) <= LIMIT_MILLIS) {
      return ANY_TIME;
    }
    List<Written> known = written.get(changelog);
    if (known == null) {
      return Long.MAX_VALUE;
    }
    Written last = known.getLast();
    long since = millis(now - last.asked);
    long required = Long.MAX_VALUE;
    for (Written one : known) {
      long behind = one.millisUntil(last) + since;
      if (behind <= LIMIT_MILLIS) {
        required = Math.min(required, one.newest + behind - LIMIT_MILLIS);
      }
    }
    return required;
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }
}
