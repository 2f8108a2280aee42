package io.presence.streams.time;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The clock of one partition: the sum of the steps between the timestamps of its records, each
 * clamped to 0 … {@code stallThreshold}, and that of a record which comes later than that after the
 * last tick so that all since that tick make no more. Where a step was clamped, an outage of the
 * log ends or goes on, a <em>hole</em>; nobody's absence is counted in it.
 *
 * <p>Ticks are the measure, for they are written for as long as the log takes what is written. One
 * that acknowledges nothing may still take in spurts what its writers try again and again: then
 * records follow one another closely, and yet those who are there are not heard from.
 *
 * <p>All times are in milliseconds. Not safe for use by several threads.
 */
public final class PresenceTime {
  /** What {@link #firstHoleAfter} says where there is none. */
  public static final long NO_HOLE = Long.MAX_VALUE;

  private static final long NO_RECORD = Long.MIN_VALUE;

  /**
   * A tick.
   *
   * @param timestamp its own
   * @param now presence time then
   */
  public record LastTick(long timestamp, long now) {}

  private final long stallThreshold;
  private final long memory;
  private long now;
  private long lastTimestamp = NO_RECORD;

  private @Nullable LastTick lastTick;
  private long[] holes = new long[8];
  private int holeCount;

  /**
   * A clock that goes on from {@code now}.
   *
   * @param lastTick the last tick before that; null: there was none
   * @param stallThreshold the longest step, and the longest way without a tick once there was one
   * @param memory how long a hole is remembered
   */
  public PresenceTime(long now, @Nullable LastTick lastTick, long stallThreshold, long memory) {
    this.now = now;
    this.lastTick = lastTick;
    this.stallThreshold = stallThreshold;
    this.memory = memory;
  }

  /**
   * Takes the step to a record's timestamp. The first record makes none.
   *
   * @param tick whether the record is a tick
   */
  public void advance(long timestamp, boolean tick) {
    if (lastTimestamp != NO_RECORD) {
      long step = timestamp - lastTimestamp;
      long next = now + Math.clamp(step, 0, stallThreshold);
      LastTick before = lastTick;
      boolean withoutTick = false;
      if (before != null && timestamp - before.timestamp > stallThreshold) {
        withoutTick = true;
        next = Math.clamp(before.now + stallThreshold, now, next);
      }
      now = next;
      if (withoutTick || step > stallThreshold) {
        remember(now);
      }
    }
    lastTimestamp = timestamp;
    if (tick) {
      lastTick = new LastTick(timestamp, now);
    }
  }

  /** The last tick; null: there was none. */
  public @Nullable LastTick lastTick() {
    return lastTick;
  }

  /** Presence time. */
  public long now() {
    return now;
  }

  /** When the first hole after {@code time} ended, in presence time; else {@link #NO_HOLE}. */
  public long firstHoleAfter(long time) {
    if (holeCount == 0 || holes[holeCount - 1] <= time) {
      return NO_HOLE;
    }
    int found = Arrays.binarySearch(holes, 0, holeCount, time);
    return holes[found >= 0 ? found + 1 : -found - 1];
  }

  private void remember(long hole) {
    if (holeCount > 0 && holes[holeCount - 1] == hole) {
      return;
    }
    int forgotten = 0;
    while (forgotten < holeCount && holes[forgotten] < hole - memory) {
      forgotten++;
    }
    if (forgotten > 0) {
      System.arraycopy(holes, forgotten, holes, 0, holeCount - forgotten);
      holeCount -= forgotten;
    }
    if (holeCount == holes.length) {
      holes = Arrays.copyOf(holes, 2 * holeCount);
    }
    holes[holeCount++] = hole;
  }
}
