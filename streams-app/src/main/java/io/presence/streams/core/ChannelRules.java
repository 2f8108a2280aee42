package io.presence.streams.core;

import io.presence.schemas.settings.Settings;
import java.time.Duration;
import java.util.Map;

/**
 * What the rules of channels can be set to.
 *
 * @param ttl a session's liveness window stays open for so long without heartbeats
 * @param stallThreshold the longest step of presence time; a longer silence is an outage of the log
 */
public record ChannelRules(Duration ttl, Duration stallThreshold) {
  /** The most sessions that one user has in one channel: their metadata is stored together. */
  public static final int MAX_SESSIONS = 100;

  /** The rules as {@code environment} sets them. */
  public static ChannelRules from(Map<String, String> environment) {
    return of(Settings.CHANNEL_TTL.get(environment));
  }

  /** The rules for a TTL. */
  public static ChannelRules of(Duration ttl) {
    return new ChannelRules(ttl, Rules.smaller(Duration.ofSeconds(5), ttl, 3));
  }
}
