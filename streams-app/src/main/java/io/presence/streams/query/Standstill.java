package io.presence.streams.query;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Whether this process stood still lately, for so long that others may have taken over what it
 * owns: stopped, swapped out, or its machine asleep. It would not know of it before its next word
 * with the brokers, and answer as an owner until then.
 */
public final class Standstill implements AutoCloseable {
  /**
   * Others take over after the session timeout of the group, which is counted from the last
   * heartbeat.
   */
  public static final Duration LIMIT = Duration.ofSeconds(4);

  /** By then it has been told by the brokers what it still owns. */
  static final Duration DOUBT = Duration.ofSeconds(10);

  private static final Duration BEAT = Duration.ofMillis(250);

  private final LongSupplier nanoTime;
  private final ScheduledExecutorService executor;
  private volatile long lastBeat;

  /** When it was noticed that it had stood still, and when doubt ends; in nanoseconds. */
  private volatile long noticed;

  private volatile long doubtUntil;

  /** Begins to watch. */
  public Standstill() {
    this(System::nanoTime);
    Future<?> unused =
        executor.scheduleWithFixedDelay(
            this::beat, BEAT.toMillis(), BEAT.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** One that beats only when it is told to, for a clock that does not move by itself. */
  public Standstill(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.executor =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("standstill").factory());
    lastBeat = nanoTime.getAsLong();
    noticed = lastBeat;
    doubtUntil = lastBeat;
  }

  /** Time passes, and this process with it. */
  public void beat() {
    long now = nanoTime.getAsLong();
    if (now - lastBeat > LIMIT.toNanos()) {
      noticed = now;
      doubtUntil = now + DOUBT.toNanos();
    }
    lastBeat = now;
  }

  /** Whether what this process owned before may be another's now. */
  boolean isInDoubt() {
    long now = nanoTime.getAsLong();
    // Whoever asks may be on before the one who beats.
    return now - lastBeat > LIMIT.toNanos() || now - doubtUntil < 0;
  }

  /** The moment, for {@link #isSince}. */
  public long now() {
    return nanoTime.getAsLong();
  }

  /** Whether this process stood still after a moment. Cost: a look at the clock. */
  public boolean isSince(long moment) {
    return nanoTime.getAsLong() - lastBeat > LIMIT.toNanos() || noticed - moment > 0;
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
