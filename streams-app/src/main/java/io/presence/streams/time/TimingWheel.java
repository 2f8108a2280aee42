package io.presence.streams.time;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A hierarchical timing wheel: arming, re-arming and cancelling a timer cost O(1), advancing costs
 * what expires, and nothing is ever scanned. Exact to the millisecond; four levels of 256 slots
 * reach 49 days, and what lies beyond waits in the last slot and is put in again from there.
 *
 * <p>Timers are linked into their slot themselves, so that arming allocates nothing. Slots in use
 * are marked in bitmaps, so that a step over empty time costs a few words. See G. Varghese and A.
 * Lauck, "Hashed and Hierarchical Timing Wheels", 1987.
 *
 * <p>Not safe for use by several threads.
 */
public final class TimingWheel<T extends TimingWheel.Timer> {

  /** What can be armed: it is linked into one slot of one wheel at most. */
  public abstract static class Timer {
    private @Nullable Timer previous;
    private @Nullable Timer next;
    private long at;

    /** Whether it is armed. */
    public final boolean armed() {
      return previous != null;
    }

    /** The time for which it is armed. */
    public final long armedAt() {
      return at;
    }
  }

  private static final class Slot extends Timer {
    private Slot() {
      clear();
    }

    private void clear() {
      super.previous = this;
      super.next = this;
    }

    private @Nullable Timer pop() {
      Timer first = super.next;
      if (first == this || first == null) {
        return null;
      }
      unlink(first);
      return first;
    }
  }

  private static final int BITS = 8;
  private static final int SLOTS = 1 << BITS;
  private static final int MASK = SLOTS - 1;
  private static final int LEVELS = 4;
  private static final long REACH = (1L << (BITS * LEVELS)) - 1;

  private final Slot[][] slots = new Slot[LEVELS][SLOTS];
  private final long[][] used = new long[LEVELS][SLOTS / Long.SIZE];
  private long now;

  /** A wheel whose time is {@code now}, in milliseconds. */
  public TimingWheel(long now) {
    this.now = now;
    for (Slot[] level : slots) {
      for (int i = 0; i < SLOTS; i++) {
        level[i] = new Slot();
      }
    }
  }

  /** Arms a timer for {@code at}, whether it was armed or not; the past is the next advance. */
  public void arm(T timer, long at) {
    cancel(timer);
    ((Timer) timer).at = at;
    link(timer, Math.max(at, now + 1));
  }

  /** Disarms a timer; nothing happens if it is not armed. */
  public void cancel(T timer) {
    unlink(timer);
  }

  /**
   * Advances time and hands over every timer armed for {@code to} or before, disarmed, in no
   * particular order. A timer may be armed again by {@code expired}; for {@code to} or before, it
   * is handed over by the next call.
   */
  @SuppressWarnings("unchecked")
  public void advance(long to, Consumer<? super T> expired) {
    while (now < to) {
      now = nextTime(to);
      cascade();
      int index = (int) (now & MASK);
      Slot slot = slots[0][index];
      for (Timer timer = slot.pop(); timer != null; timer = slot.pop()) {
        expired.accept((T) timer);
      }
      unmark(0, index);
    }
  }

  /** The next millisecond at which a slot of the lowest level is due or a higher one turns. */
  private long nextTime(long to) {
    int index = (int) (now & MASK);
    int found = nextUsed(index + 1);
    long base = now - index;
    long next = found < 0 ? base + SLOTS : base + found;
    return Math.min(next, to);
  }

  private int nextUsed(int from) {
    for (int word = from / Long.SIZE; word < SLOTS / Long.SIZE; word++) {
      long bits = used[0][word];
      if (word == from / Long.SIZE) {
        bits &= -1L << (from % Long.SIZE);
      }
      if (bits != 0) {
        return word * Long.SIZE + Long.numberOfTrailingZeros(bits);
      }
    }
    return -1;
  }

  /** Moves what a higher level holds for the stretch that begins now to where it belongs. */
  private void cascade() {
    for (int level = 1; level < LEVELS; level++) {
      if ((now & ((1L << (BITS * level)) - 1)) != 0) {
        return;
      }
      int index = (int) ((now >>> (BITS * level)) & MASK);
      Slot slot = slots[level][index];
      // None can come back into this slot while it is emptied: it is a whole turn away.
      for (Timer timer = slot.pop(); timer != null; timer = slot.pop()) {
        link(timer, Math.max(timer.at, now));
      }
      unmark(level, index);
    }
  }

  private void link(Timer timer, long due) {
    long distance = Math.min(due - now, REACH);
    long at = now + distance;
    int level = 0;
    while (level < LEVELS - 1 && distance >= 1L << (BITS * (level + 1))) {
      level++;
    }
    int index = (int) ((at >>> (BITS * level)) & MASK);
    Timer slot = slots[level][index];
    Timer last = slot.previous;
    timer.previous = last;
    timer.next = slot;
    if (last != null) {
      last.next = timer;
    }
    slot.previous = timer;
    used[level][index / Long.SIZE] |= 1L << (index % Long.SIZE);
  }

  private static void unlink(Timer timer) {
    Timer previous = timer.previous;
    Timer next = timer.next;
    if (previous != null && next != null) {
      previous.next = next;
      next.previous = previous;
      timer.previous = null;
      timer.next = null;
    }
  }

  private void unmark(int level, int index) {
    used[level][index / Long.SIZE] &= ~(1L << (index % Long.SIZE));
  }
}
