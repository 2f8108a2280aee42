package io.presence.gateway.lookup;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Which instances did not answer when they were asked last. They are passed over where somebody
 * else can be asked, so that not every caller waits for one that hangs; once a second one caller
 * tries, and if it has an answer, all do again.
 */
final class Reachability {
  static final Duration AVOIDED = Duration.ofSeconds(1);

  private final LongSupplier nanoTime;
  private final Map<String, Long> avoidedUntil = new ConcurrentHashMap<>();

  Reachability(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  void failed(String address) {
    avoidedUntil.put(address, nanoTime.getAsLong() + AVOIDED.toNanos());
  }

  void answered(String address) {
    avoidedUntil.remove(address);
  }

  /** Whether others are to be asked rather. To whom it says no, after a failure, is to try. */
  boolean isAvoided(String address) {
    Long until = avoidedUntil.get(address);
    if (until == null) {
      return false;
    }
    long now = nanoTime.getAsLong();
    return now - until < 0 || !avoidedUntil.replace(address, until, now + AVOIDED.toNanos());
  }

  /** The same, for one who will not try: only whether it failed within the last second. */
  boolean hasFailed(String address) {
    Long until = avoidedUntil.get(address);
    return until != null && nanoTime.getAsLong() - until < 0;
  }
}
