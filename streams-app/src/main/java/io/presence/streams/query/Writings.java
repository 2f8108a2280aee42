package io.presence.streams.query;

import java.util.HashMap;
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
 */
final class Writings {
  /** What a copy may be behind, in milliseconds, and how old what is known of its owner may be. */
  static final long LIMIT_MILLIS = 2_000;

  /** More than there is between what one writes who lives: the time is stored each second. */
  static final long LEAP_MILLIS = 1_500;

  /**
   * What there is in a changelog.
   *
   * @param newest its newest timestamp
   * @param asked when it was asked for, in nanoseconds
   */
  private record Written(long newest, long asked) {}

  private final Map<TopicPartition, Written> written = new ConcurrentHashMap<>();
  private final Map<TopicPartition, Written> leaps = new ConcurrentHashMap<>();

  /** Takes what was found. */
  void found(TopicPartition changelog, long newest, long asked) {
    Written found = new Written(newest, asked);
    Written before = written.get(changelog);
    if (before != null && newest - before.newest > LEAP_MILLIS) {
      leaps.put(changelog, found);
    } else {
      written.put(changelog, found);
    }
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
                  without.contains(changelog) ? new Written(before.newest, leap.asked) : leap);
        });
  }

  /**
   * What timestamp the newest record must have that a copy has taken in; {@link Long#MAX_VALUE} if
   * none may answer.
   *
   * @param now in nanoseconds
   */
  long required(TopicPartition changelog, long now) {
    Written owner = written.get(changelog);
    if (owner == null) {
      return Long.MAX_VALUE;
    }
    long since = TimeUnit.NANOSECONDS.toMillis(now - owner.asked);
    return since > LIMIT_MILLIS ? Long.MAX_VALUE : owner.newest + since - LIMIT_MILLIS;
  }
}
