package io.presence.streams.core;

import io.presence.schemas.settings.Settings;
import java.time.Duration;
import java.util.Map;

/**
 * What the presence rules can be set to.
 *
 * @param heartbeatTtl a session's liveness window stays open for so long without heartbeats
 * @param awayAfter a session's activity window stays open for so long without activity
 * @param stallThreshold the longest step of presence time; a longer silence is an outage of the log
 */
public record Rules(Duration heartbeatTtl, Duration awayAfter, Duration stallThreshold) {
  /** The most sessions that one user has open, and the most goodbyes that are remembered. */
  public static final int MAX_SESSIONS = 1_000;

  /** The rules as {@code environment} sets them. */
  public static Rules from(Map<String, String> environment) {
    Duration ttl = Settings.HEARTBEAT_TTL.get(environment);
    return new Rules(
        ttl,
        Settings.AWAY_AFTER.get(environment),
        Settings.STALL_THRESHOLD.getOrElse(environment, smaller(Duration.ofSeconds(5), ttl, 3)));
  }

  /** The smaller of {@code most} and a fraction of {@code ttl}. */
  public static Duration smaller(Duration most, Duration ttl, int fraction) {
    Duration part = ttl.dividedBy(fraction);
    return part.compareTo(most) < 0 ? part : most;
  }

  long ttl() {
    return heartbeatTtl.toMillis();
  }

  long idle() {
    return awayAfter.toMillis();
  }
}
