package io.presence.streams.core;

/** When a user was last heard of, through any session. A heartbeat moves it, in place. */
public class Pulse {
  private long lastSeen;

  /** A user last heard of at {@code lastSeen}, in milliseconds since the epoch. */
  public Pulse(long lastSeen) {
    this.lastSeen = lastSeen;
  }

  /** In milliseconds since the epoch. Other threads may read it a moment late. */
  public final long lastSeen() {
    return lastSeen;
  }

  final void beat(long timestamp) {
    lastSeen = timestamp;
  }
}
