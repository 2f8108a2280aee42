package io.presence.streams.time;

import java.util.Arrays;

/**
 * The clock of one partition: the sum of the steps between the timestamps of its records, each
 * clamped to 0 … {@code stallThreshold}. A record that comes after a longer silence ends an outage
 * of the log, a <em>hole</em>; nobody's absence is counted in it.
 *
 * <p>All times are in milliseconds. Not safe for use by several threads.
 */
public final class PresenceTime {
  /** What {@link #firstHoleAfter} says where there is none. */
  public static final long NO_HOLE = Long.MAX_VALUE;

  private static final long NO_RECORD = Long.MIN_VALUE;

  private final long stallThreshold;
  private final long memory;
  private long now;
  private long lastTimestamp = NO_RECORD;
  private long[] holes = new long[8];
  private int holeCount;

  /**
   * A clock that goes on from {@code now}.
   *
   * @param stallThreshold the longest step
   * @param memory how long a hole is remembered
   */
  public PresenceTime(long now, long stallThreshold, long memory) {
    this.now = now;
    this.stallThreshold = stallThreshold;
    this.memory = memory;
  }

  /** Takes the step to a record's timestamp. The first record makes none. */
  public void advance(long timestamp) {
    if (lastTimestamp != NO_RECORD) {
      long step = timestamp - lastTimestamp;
      if (step > stallThreshold) {
        now += stallThreshold;
        remember(now);
      } else if (step > 0) {
        now += step;
      }
    }
    lastTimestamp = timestamp;
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
