package io.presence.streams.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The contacts of one user: a hash table of places in an array of bytes, in which one id stands
 * behind the other, each behind its length. One thread writes; any number read, without locks.
 *
 * <p>Cost: 7 to 15 bytes a contact beside the bytes of its id, and some 80 for all; two places in
 * memory to find that one is a contact, and mostly one to find that one is not.
 */
public final class ContactSet {
  private static final VarHandle PLACE = MethodHandles.arrayElementVarHandle(int[].class);

  private static final int FREE = 0;

  /** One is not here any more, and who looks goes on. */
  private static final int LEFT = -1;

  private static final int SMALLEST = 4;

  /** Where the first id begins: no place is {@link #FREE} then, whatever its tag. */
  private static final int BEGIN = 1;

  /** A place is a part of the hash, never negative, and an offset: 10,000 ids have 1.3 MB. */
  private static final int TAG_SHIFT = 24;

  private static final int OFFSET = (1 << TAG_SHIFT) - 1;

  /** Makes it hard to find ids that all fall onto one place. */
  private static final long SEED = ThreadLocalRandom.current().nextLong();

  private final byte[] ids;
  private final int[] places;

  /** The same as {@link #count}, for others to read. */
  private volatile int size;

  /** Of the thread that writes alone. */
  private int count;

  /** Where the next id is put. Of the thread that writes alone. */
  private int end = BEGIN;

  /** How many places are not free. Of the thread that writes alone. */
  private int used;

  /** An empty one. */
  ContactSet() {
    this(24, SMALLEST);
  }

  private ContactSet(int bytes, int places) {
    this.ids = new byte[bytes];
    this.places = new int[places];
  }

  /** Whether someone is a contact. */
  boolean contains(byte[] id) {
    return find(id) >= 0;
  }

  /** How many there are. */
  public int size() {
    return size;
  }

  /**
   * Adds a contact.
   *
   * @return what holds it with all others: this, or a larger one to be put in its place
   */
  ContactSet with(byte[] id) {
    if (contains(id)) {
      return this;
    }
    ContactSet set = this;
    if (used >= places.length / 4 * 3 || end + 1 + id.length > ids.length) {
      set = grown(1 + id.length);
    }
    set.add(id, 0, id.length);
    return set;
  }

  /** Removes a contact. */
  void remove(byte[] id) {
    int place = find(id);
    if (place >= 0) {
      PLACE.setRelease(places, place, LEFT);
      count--;
      size = count;
    }
  }

  /** The contacts in order: a copy. */
  public NavigableSet<String> inOrder() {
    NavigableSet<String> all = new TreeSet<>();
    for (int i = 0; i < places.length; i++) {
      int place = (int) PLACE.getAcquire(places, i);
      if (place != FREE && place != LEFT) {
        int offset = place & OFFSET;
        all.add(new String(ids, offset + 1, ids[offset] & 0xFF, StandardCharsets.US_ASCII));
      }
    }
    return all;
  }

  /** Where the place of an id is; negative if it has none. */
  private int find(byte[] id) {
    int hash = hash(id, 0, id.length);
    int tag = tag(hash);
    int mask = places.length - 1;
    for (int i = hash & mask; ; i = (i + 1) & mask) {
      int place = (int) PLACE.getAcquire(places, i);
      if (place == FREE) {
        return -1;
      }
      if (place >>> TAG_SHIFT == tag && isAt(place & OFFSET, id)) {
        return i;
      }
    }
  }

  private boolean isAt(int offset, byte[] id) {
    int from = offset + 1;
    return (ids[offset] & 0xFF) == id.length
        && Arrays.equals(ids, from, from + id.length, id, 0, id.length);
  }

  private void add(byte[] bytes, int from, int length) {
    int hash = hash(bytes, from, from + length);
    int mask = places.length - 1;
    int i = hash & mask;
    while (places[i] != FREE) {
      i = (i + 1) & mask;
    }
    ids[end] = (byte) length;
    System.arraycopy(bytes, from, ids, end + 1, length);
    PLACE.setRelease(places, i, tag(hash) << TAG_SHIFT | end);
    end += 1 + length;
    count++;
    size = count;
    used++;
  }

  /** The same without those that left, with room for one more, and a third of all, at least. */
  private ContactSet grown(int more) {
    int bytes = BEGIN + more;
    for (int place : places) {
      if (place != FREE && place != LEFT) {
        bytes += 1 + (ids[place & OFFSET] & 0xFF);
      }
    }
    int length = SMALLEST;
    while (length / 8 * 4 <= size) {
      length *= 2;
    }
    ContactSet grown = new ContactSet(bytes + bytes / 3, length);
    for (int place : places) {
      if (place != FREE && place != LEFT) {
        int offset = place & OFFSET;
        grown.add(ids, offset + 1, ids[offset] & 0xFF);
      }
    }
    return grown;
  }

  private static int tag(int hash) {
    return hash >>> 25;
  }

  private static int hash(byte[] bytes, int from, int to) {
    long hash = UserTable.hash(SEED, bytes, from, to);
    return (int) (hash ^ hash >>> 32);
  }
}
