package io.presence.streams.store;

import org.jspecify.annotations.Nullable;

/**
 * Users who are looked for together, some dozens at a time. What their memory takes to arrive is
 * waited for once, and not once for each: every step that has to read far away is made for all of
 * them before the next.
 *
 * <p>Made to be used again and again, by one thread.
 */
public final class Probes {
  /** How many are looked for at a time: what they bring with them fits into the nearest cache. */
  public static final int MOST = 32;

  final byte[][] bytes = new byte[MOST][];
  final int[] from = new int[MOST];
  final int[] to = new int[MOST];
  final long[] hash = new long[MOST];
  final int[] place = new int[MOST];
  final @Nullable Object[] held = new Object[MOST];
  final byte[] @Nullable [] stored = new byte[MOST][];
  int size;

  /** Looks for others from now on. */
  public void clear() {
    size = 0;
  }

  /** Looks for one more, whose id is in those bytes. */
  public void add(byte[] id, int start, int end) {
    bytes[size] = id;
    from[size] = start;
    to[size] = end;
    size++;
  }

  /** What moves of the user who was added as that, if there are open sessions; else null. */
  public @Nullable LiveUser live(int index) {
    return held[index] instanceof LiveUser live ? live : null;
  }
}
