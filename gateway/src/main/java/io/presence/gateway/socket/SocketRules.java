package io.presence.gateway.socket;

import java.time.Duration;

/**
 * What sockets and event streams go by.
 *
 * @param channelTtl how long a member of a channel is there without heartbeats
 * @param channels how many channels a socket may be in, or follow
 * @param reconnectGrace how long the session of a lost socket may come back
 * @param flush how long heartbeats are gathered
 * @param maxSockets how many there may be, streams among them
 * @param perUser how many one user may have
 * @param messageRate how many messages a second a socket may send
 */
public record SocketRules(
    Duration heartbeatTtl,
    Duration awayAfter,
    Duration channelTtl,
    int channels,
    Duration reconnectGrace,
    Duration flush,
    int maxSockets,
    int perUser,
    int messageRate) {
  private static final Duration LONGEST_PING_INTERVAL = Duration.ofSeconds(10);

  /** How often a socket is pinged. */
  Duration pingInterval() {
    Duration ttl = heartbeatTtl.compareTo(channelTtl) < 0 ? heartbeatTtl : channelTtl;
    Duration third = ttl.dividedBy(3);
    return third.compareTo(LONGEST_PING_INTERVAL) < 0 ? third : LONGEST_PING_INTERVAL;
  }

  /** How often a client is to send a heartbeat. */
  Duration heartbeatInterval() {
    return heartbeatTtl.dividedBy(2);
  }

  /** How often heartbeats of members of channels are written. */
  Duration channelFlush() {
    return flush.compareTo(longestChannelHold()) < 0 ? flush : longestChannelHold();
  }

  /** How long such a heartbeat may wait for others. */
  Duration longestChannelHold() {
    return channelTtl.dividedBy(6);
  }

  /** How long a heartbeat may wait for others. */
  Duration longestHold() {
    return heartbeatTtl.dividedBy(6);
  }
}
