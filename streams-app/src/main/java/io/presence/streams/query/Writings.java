package io.presence.streams.query;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.TopicPartition;

/**
 * What is known of what was written to changelogs: the newest time of each, and when it was asked
 * for. Where that time leaps it may be that of no record: it counts only once somebody has looked.
 *
 * <p>What was the newest a moment ago is kept as well, for as long as it is fresh enough: an owner
 * that is late takes many seconds of its log at once, so that its copies are many seconds of the
 * log behind, and only a moment by the clock.
 */
final class Writings {
  /** What a copy may be behind, in milliseconds, and how old what is known of its owner may be. */
  static final long LIMIT_MILLIS = 2_000;

  /** More than there is between what one writes who lives: the time is stored each second. */
  static final long LEAP_MILLIS = 1_500;

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
      return equals(later) ? 0 : TimeUnit.NANOSECONDS.toMillis(later.received - asked);
    }
  }

  /** Oldest first, and none but the last is older than it by more than the limit. */
  private final Map<TopicPartition, List<Written>> written = new ConcurrentHashMap<>();

  private final Map<TopicPartition, Written> leaps = new ConcurrentHashMap<>();

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
    List<Written> known = written.putIfAbsent(changelog, List.of(found));
    if (known != null && newest - known.getLast().newest > LEAP_MILLIS) {
      leaps.put(changelog, found);
    } else if (known != null) {
      written.computeIfPresent(changelog, (copy, before) -> with(before, found));
    }
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
    leaps.keySet().removeIf(changelogs);
  }

  /**
   * Finds out what the leaps are that were found the last time.
   *
   * @param withoutRecords says in which of some changelogs there is no record behind those that are
   *     taken in here
   */
  void settleLeaps(UnaryOperator<Set<TopicPartition>> withoutRecords) {
    Map<TopicPartition, Written> found = new HashMap<>(leaps);
    if (found.isEmpty()) {
      return;
    }
    Set<TopicPartition> without = withoutRecords.apply(Set.copyOf(found.keySet()));
    found.forEach(
        (changelog, leap) -> {
          leaps.remove(changelog, leap);
          written.computeIfPresent(
              changelog,
              (copy, before) ->
                  with(
                      before,
                      without.contains(changelog)
                          ? before.getLast().askedAgain(leap.asked)
                          : leap));
        });
  }

  /**
   * What timestamp the newest record must have that a copy has taken in; {@link Long#MAX_VALUE} if
   * none may answer.
   *
   * @param now in nanoseconds
   */
  long required(TopicPartition changelog, long now) {
    List<Written> known = written.get(changelog);
    if (known == null) {
      return Long.MAX_VALUE;
    }
    Written last = known.getLast();
    long since = TimeUnit.NANOSECONDS.toMillis(now - last.asked);
    long required = Long.MAX_VALUE;
    for (Written one : known) {
      long behind = one.millisUntil(last) + since;
      if (behind <= LIMIT_MILLIS) {
        required = Math.min(required, one.newest + behind - LIMIT_MILLIS);
      }
    }
    return required;
  }
}
