package io.presence.streams.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Users by id: a hash table of what is stored, as bytes or as a {@link LiveUser}. It keeps no ids:
 * each is found where {@link UserCodec} puts it, at the beginning of the presence.
 *
 * <p>One thread writes; any number read, without locks, and see all that was written before what
 * they learned of it by. A probe reads a byte of the hash for each place that it passes, all of
 * them next to each other, and what is held only where that byte is right. Cost: between 8 and 16
 * bytes a user, beside the stored bytes.
 */
final class UserTable {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle HELD = MethodHandles.arrayElementVarHandle(Object[].class);
  private static final VarHandle TAG = MethodHandles.arrayElementVarHandle(byte[].class);
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private static final byte FREE = 0;

  /** Nobody is here any more, and a probe goes on. */
  private static final byte LEFT = 1;

  private static final int SMALLEST = 64;

  /**
   * As large as they are for as long as they are used: a reader keeps the one it began with.
   *
   * @param tags for each place {@link #FREE}, {@link #LEFT} or a negative part of the hash
   */
  private record Places(@Nullable Object[] held, byte[] tags) {
    Places(int size) {
      this(new Object[size], new byte[size]);
    }
  }

  /** Makes it hard to find ids that all fall onto one place. */
  private final long seed = ThreadLocalRandom.current().nextLong();

  private volatile Places places = new Places(SMALLEST);
  private int size;
  private int used;

  /** What is held of the user whose id is in those bytes; null if nothing is. */
  @Nullable Object get(byte[] bytes, int from, int to) {
    Places now = places;
    int place = find(now, bytes, from, to);
    return place < 0 ? null : HELD.getAcquire(now.held, place);
  }

  /** Finds what is held of each of them, as {@link #get} does. */
  void find(Probes probes) {
    Places now = places;
    int size = probes.size;
    for (int i = 0; i < size; i++) {
      long hash = hash(probes.bytes[i], probes.from[i], probes.to[i]);
      probes.hash[i] = hash;
      probes.place[i] = candidate(now, hash, (int) hash);
    }
    for (int i = 0; i < size; i++) {
      int place = probes.place[i];
      probes.held[i] = place < 0 ? null : HELD.getAcquire(now.held, place);
    }
    for (int i = 0; i < size; i++) {
      Object held = probes.held[i];
      probes.stored[i] = held == null ? null : stored(held);
    }
    for (int i = 0; i < size; i++) {
      byte[] stored = probes.stored[i];
      int place = probes.place[i];
      if (place >= 0
          && (stored == null
              || !UserCodec.isOf(stored, probes.bytes[i], probes.from[i], probes.to[i]))) {
        place = find(now, probes.hash[i], place + 1, probes.bytes[i], probes.from[i], probes.to[i]);
        probes.held[i] = place < 0 ? null : HELD.getAcquire(now.held, place);
      }
    }
  }

  /** Holds a user's {@code byte[]} or {@link LiveUser} in the place of what was held before. */
  void put(byte[] bytes, int from, int to, Object held) {
    Places now = places;
    int place = find(now, bytes, from, to);
    if (place >= 0) {
      HELD.setRelease(now.held, place, held);
      return;
    }
    if (used >= now.tags.length / 8 * 5) {
      now = grown(now);
      places = now;
    }
    add(now, hash(bytes, from, to), held);
    size++;
  }

  /** Forgets a user. */
  void remove(byte[] bytes, int from, int to) {
    Places now = places;
    int place = find(now, bytes, from, to);
    if (place >= 0) {
      // Who has seen the tag finds nobody held.
      TAG.setRelease(now.tags, place, LEFT);
      HELD.setRelease(now.held, place, null);
      size--;
    }
  }

  /** Hands over what is held of each user, in no particular order. */
  void forEach(Consumer<Object> visitor) {
    for (Object held : places.held) {
      if (held != null) {
        visitor.accept(held);
      }
    }
  }

  int size() {
    return size;
  }

  void clear() {
    places = new Places(SMALLEST);
    size = 0;
    used = 0;
  }

  /** The bytes that are stored of a user. */
  static byte[] stored(Object held) {
    return held instanceof LiveUser live ? live.stored() : (byte[]) held;
  }

  private int find(Places now, byte[] bytes, int from, int to) {
    long hash = hash(bytes, from, to);
    return find(now, hash, (int) hash, bytes, from, to);
  }

  private static int find(Places now, long hash, int start, byte[] bytes, int from, int to) {
    int place = candidate(now, hash, start);
    while (place >= 0) {
      Object held = HELD.getAcquire(now.held, place);
      if (held != null && UserCodec.isOf(stored(held), bytes, from, to)) {
        return place;
      }
      place = candidate(now, hash, place + 1);
    }
    return -1;
  }

  /** The first place from {@code start} on that may be of that hash; negative if there is none. */
  private static int candidate(Places now, long hash, int start) {
    byte wanted = tag(hash);
    int mask = now.tags.length - 1;
    for (int place = start & mask; ; place = (place + 1) & mask) {
      byte tag = (byte) TAG.getAcquire(now.tags, place);
      if (tag == wanted) {
        return place;
      }
      if (tag == FREE) {
        return -1;
      }
    }
  }

  /** Adds a user who is not there yet. A place that was left is not used again until it grows. */
  private void add(Places now, long hash, Object held) {
    int mask = now.tags.length - 1;
    int place = (int) hash & mask;
    while (now.tags[place] != FREE) {
      place = (place + 1) & mask;
    }
    HELD.setRelease(now.held, place, held);
    TAG.setRelease(now.tags, place, tag(hash));
    used++;
  }

  /** The same without the places that were left, and as large as what is there needs. */
  private Places grown(Places now) {
    int length = size >= now.tags.length / 16 * 5 ? 2 * now.tags.length : now.tags.length;
    Places grown = new Places(length);
    used = 0;
    for (Object held : now.held) {
      if (held != null) {
        byte[] stored = stored(held);
        add(grown, hash(stored, UserCodec.ID, UserCodec.endOfId(stored)), held);
      }
    }
    return grown;
  }

  private static byte tag(long hash) {
    return (byte) (0x80 | (hash >>> 57));
  }

  private long hash(byte[] bytes, int from, int to) {
    return hash(seed, bytes, from, to);
  }

  static long hash(long seed, byte[] bytes, int from, int to) {
    long hash = seed;
    int at = from;
    for (; at <= to - Long.BYTES; at += Long.BYTES) {
      hash = (hash ^ (long) LONGS.get(bytes, at)) * MIX;
      hash ^= hash >>> 32;
    }
    long rest = 0;
    for (; at < to; at++) {
      rest = (rest << 8) | (bytes[at] & 0xFF);
    }
    hash = (hash ^ rest) * MIX;
    hash ^= hash >>> 29;
    hash *= MIX;
    return hash ^ (hash >>> 32);
  }
}
