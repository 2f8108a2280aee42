package io.presence.gateway.socket;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.limit.Clock;
import java.time.Duration;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The cursor of one session in one document: written each 40 ms at most, the newest of what came
 * meanwhile, and not before the session is known to be in the document. Safe for any number of
 * threads.
 */
final class MovingCursor {
  static final Duration SPACING = Duration.ofMillis(40);
  private static final Duration RETRY = Duration.ofMillis(500);

  /** Does something later. */
  interface Timer {
    void after(Duration delay, Runnable task);
  }

  private final BiConsumer<JsonNode, Runnable> write;
  private final Timer timer;
  private final Clock clock;

  /** What is to be written next, and whether somebody sees to it already. */
  private @Nullable JsonNode next;

  private boolean due = true;

  /** Whether somebody writes now, who sees to what comes meanwhile: else an older might be last. */
  private boolean writing;

  /** What was written last, and how many were. */
  private @Nullable JsonNode last;

  private long writes;
  private long writtenAt;
  private boolean ended;

  /**
   * @param write writes a cursor, and runs the task that it is given if that failed
   */
  MovingCursor(BiConsumer<JsonNode, Runnable> write, Timer timer, Clock clock) {
    this.write = write;
    this.timer = timer;
    this.clock = clock;
    this.writtenAt = clock.nanos() - SPACING.toNanos();
  }

  /** The session is in the document from now on, or again: others know of no cursor of it. */
  void begin() {
    synchronized (this) {
      if (next == null) {
        next = last;
      }
    }
    write();
  }

  void move(JsonNode to) {
    synchronized (this) {
      next = to;
      if (due || writing || ended) {
        return;
      }
      due = true;
      if (spacing().isPositive()) {
        timer.after(spacing(), this::write);
        return;
      }
    }
    write();
  }

  /** Nothing is written any more. */
  synchronized void end() {
    ended = true;
    next = null;
  }

  private void write() {
    JsonNode written;
    long number;
    synchronized (this) {
      due = false;
      if (writing || ended || next == null) {
        return;
      }
      written = next;
      next = null;
      last = written;
      number = ++writes;
      writtenAt = clock.nanos();
      writing = true;
    }
    try {
      write.accept(written, () -> failed(written, number));
    } finally {
      synchronized (this) {
        writing = false;
        if (next != null && !due && !ended) {
          due = true;
          timer.after(spacing(), this::write);
        }
      }
    }
  }

  /** How long the next write has to wait; not negative. */
  private Duration spacing() {
    return Duration.ofNanos(Math.max(0, writtenAt + SPACING.toNanos() - clock.nanos()));
  }

  /** It is written again, unless a newer one was, or will be. */
  private synchronized void failed(JsonNode cursor, long number) {
    if (number == writes && next == null && !due && !ended) {
      next = cursor;
      due = true;
      timer.after(RETRY, this::write);
    }
  }
}
