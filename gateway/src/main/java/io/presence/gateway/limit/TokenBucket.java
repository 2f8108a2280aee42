package io.presence.gateway.limit;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A token bucket: so many tokens flow in each second, up to ten seconds' worth. One who finds a
 * token may take as many as are needed, and the bucket owes the rest: so a request that costs more
 * than the bucket holds is let through, too, and paid for after it.
 */
public final class TokenBucket {
  /** How many seconds' worth a full bucket holds. */
  static final int BURST_SECONDS = 10;

  /** All of the state; it changes as a whole. */
  private record State(double tokens, long at) {}

  private final double perSecond;
  private final Clock clock;
  private final AtomicReference<State> state;

  /** A full one. */
  public TokenBucket(double perSecond, Clock clock) {
    this.perSecond = perSecond;
    this.clock = clock;
    this.state = new AtomicReference<>(new State(perSecond * BURST_SECONDS, clock.nanos()));
  }

  /** Takes {@code cost} tokens. Returns how long to wait where that may not be; else zero. */
  public Duration take(int cost) {
    while (true) {
      State before = state.get();
      long now = clock.nanos();
      double flowed = Math.max(0, now - before.at) * perSecond / TimeUnit.SECONDS.toNanos(1);
      double tokens = Math.min(perSecond * BURST_SECONDS, before.tokens + flowed);
      if (tokens < 1) {
        double seconds = (1 - tokens) / perSecond;
        return Duration.ofNanos((long) Math.ceil(seconds * TimeUnit.SECONDS.toNanos(1)));
      }
      if (state.compareAndSet(before, new State(tokens - cost, now))) {
        return Duration.ZERO;
      }
    }
  }
}
