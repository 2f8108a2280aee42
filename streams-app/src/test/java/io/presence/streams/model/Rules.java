package io.presence.streams.model;

import java.time.Duration;

/**
 * What the rules depend on, in milliseconds.
 *
 * @param heartbeatTtl the gap of a session's liveness window
 * @param awayAfter the gap of a session's activity window
 * @param stallThreshold the longest step that presence time takes
 * @param partitions how many partitions there are; the log is partition 0
 */
public record Rules(long heartbeatTtl, long awayAfter, long stallThreshold, int partitions) {
  /** What production runs with. */
  public static final Rules DEFAULT = of(Duration.ofSeconds(30), Duration.ofMinutes(5));

  /** Rules whose windows are short. */
  public static final Rules SHORT = of(Duration.ofSeconds(3), Duration.ofSeconds(10));

  private static Rules of(Duration heartbeatTtl, Duration awayAfter) {
    return new Rules(
        heartbeatTtl.toMillis(),
        awayAfter.toMillis(),
        Math.min(5_000, heartbeatTtl.toMillis() / 3),
        8);
  }
}
