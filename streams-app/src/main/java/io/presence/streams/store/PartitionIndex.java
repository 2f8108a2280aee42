package io.presence.streams.store;

import io.presence.streams.time.PresenceTime.LastTick;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.query.FailureReason;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * An index in memory that is the innermost store of one partition, and the time of that partition.
 * It is filled by what is put and by what is restored alike, so that a standby has it as well.
 */
abstract class PartitionIndex implements KeyValueStore<Bytes, byte[]> {
  private final String name;
  private final long ttl;
  private volatile byte @Nullable [] time;
  private volatile long timestamp = Long.MIN_VALUE;
  private volatile boolean active;

  /** When it stopped being the processor's the last time, in nanoseconds; null: it never did. */
  private volatile @Nullable Long ownedUntil;

  private volatile boolean open;

  /** How often it was. */
  private volatile int emptied;

  private int partition = -1;

  /**
   * @param ttl how long a session is open without a sign of life, in milliseconds
   */
  PartitionIndex(String name, long ttl) {
    this.name = name;
    this.ttl = ttl;
  }

  /** Takes an entry that is not the time; null: it is no more. */
  abstract void apply(byte[] key, byte @Nullable [] value);

  /** Whether an entry that is not the time is older than what is known already. */
  abstract boolean isOutdated(byte[] key, byte[] value);

  /** What is stored under a key that is not the time's. */
  abstract byte @Nullable [] stored(byte[] key);

  /** Puts everything but the time. */
  abstract void addTo(Map<Bytes, byte[]> entries);

  /** Forgets everything but the time. */
  abstract void clear();

  final int partition() {
    return partition;
  }

  /** Whether it is the processor's. */
  final boolean isActive() {
    return active;
  }

  /**
   * Answers a query, if it may: the processor's does, and a copy that has taken in enough or was
   * the processor's a moment ago. One that is being filled has taken in nothing yet, and nothing is
   * not enough. One that was emptied while it answered has no answer: what it did not find may be
   * there.
   */
  final <T, R> QueryResult<R> answer(Taken taken, Supplier<T> answer) {
    int emptiedBefore = emptied;
    boolean may =
        (active && !taken.owners())
            || wasOwnedAfter(taken.ownedAfter())
            || isTakenIn(taken.atLeast().applyAsLong(partition));
    if (may) {
      T result = answer.get();
      if (emptied == emptiedBefore) {
        @SuppressWarnings("unchecked") // Each query names the type of its answers.
        QueryResult<R> answered = (QueryResult<R>) QueryResult.forResult(result);
        return answered;
      }
    }
    return QueryResult.forFailure(
        FailureReason.NOT_UP_TO_BOUND, "the copy has not taken in enough, or may not answer");
  }

  private boolean wasOwnedAfter(@Nullable Long moment) {
    Long until = ownedUntil;
    return moment != null && until != null && until - moment > 0;
  }

  private boolean isTakenIn(long atLeast) {
    long newest = timestamp;
    return newest >= atLeast;
  }

  final void becomeActive() {
    active = true;
  }

  final void deactivate() {
    ownedUntil = System.nanoTime();
    active = false;
  }

  /** Presence time as last stored; 0 if it never was. */
  final long presenceTime() {
    byte[] stored = time;
    return stored == null ? 0 : StoredTime.presenceTime(stored);
  }

  /** The timestamp that was stored with it; {@link Long#MIN_VALUE} if none was. */
  final long timestamp() {
    return timestamp;
  }

  /** The version that was stored with it; 0 if none was. */
  final long goneVersion() {
    byte[] stored = time;
    return stored == null ? 0 : StoredTime.goneVersion(stored);
  }

  /** The last tick that was stored with it; null if none was. */
  final @Nullable LastTick lastTick() {
    byte[] stored = time;
    return stored == null ? null : StoredTime.lastTick(stored);
  }

  /**
   * When a session that is open was last heard of at the least; long ago while no time is known.
   */
  final long aliveAtLeast() {
    return timestamp == Long.MIN_VALUE ? Long.MIN_VALUE : timestamp - ttl;
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final void init(StateStoreContext context, StateStore root) {
    partition = context.taskId().partition();
    context.register(root, this::restore);
    open = true;
  }

  @Override
  public final void put(Bytes key, byte @Nullable [] value) {
    take(key.get(), value);
  }

  /**
   * Takes what the changelog says, but for what is older than what it said before: with
   * at-least-once, one that others have replaced may write last.
   */
  private void restore(byte[] key, byte @Nullable [] value) {
    if (value == null || Keys.isTime(key) || !isOutdated(key, value)) {
      take(key, value);
    }
  }

  private void take(byte[] key, byte @Nullable [] value) {
    if (Keys.isTime(key)) {
      time = value;
      timestamp = value == null ? Long.MIN_VALUE : StoredTime.timestamp(value);
    } else {
      apply(key, value);
    }
  }

  @Override
  public final byte @Nullable [] get(Bytes key) {
    return Keys.isTime(key.get()) ? time : stored(key.get());
  }

  @Override
  public final byte @Nullable [] putIfAbsent(Bytes key, byte[] value) {
    byte[] present = get(key);
    if (present == null) {
      put(key, value);
    }
    return present;
  }

  @Override
  public final void putAll(List<KeyValue<Bytes, byte[]>> entries) {
    entries.forEach(entry -> put(entry.key, entry.value));
  }

  @Override
  public final byte @Nullable [] delete(Bytes key) {
    byte[] present = get(key);
    put(key, null);
    return present;
  }

  /** Everything, in the order of the keys. Cost: a sorted copy; for tests and tools. */
  @Override
  public final KeyValueIterator<Bytes, byte[]> all() {
    return iterator(sorted().entrySet());
  }

  /** Cost: a sorted copy of everything; for tests and tools. */
  @Override
  public final KeyValueIterator<Bytes, byte[]> range(@Nullable Bytes from, @Nullable Bytes to) {
    NavigableMap<Bytes, byte[]> range = sorted();
    if (from != null) {
      range = range.tailMap(from, true);
    }
    if (to != null) {
      range = range.headMap(to, true);
    }
    return iterator(range.entrySet());
  }

  private NavigableMap<Bytes, byte[]> sorted() {
    NavigableMap<Bytes, byte[]> sorted = new TreeMap<>();
    byte[] storedTime = time;
    if (storedTime != null) {
      sorted.put(Keys.OF_TIME, storedTime);
    }
    addTo(sorted);
    return sorted;
  }

  private static KeyValueIterator<Bytes, byte[]> iterator(
      Collection<Map.Entry<Bytes, byte[]>> entries) {
    Iterator<Map.Entry<Bytes, byte[]>> iterator = entries.iterator();
    return new KeyValueIterator<>() {
      @Override
      public boolean hasNext() {
        return iterator.hasNext();
      }

      @Override
      public KeyValue<Bytes, byte[]> next() {
        Map.Entry<Bytes, byte[]> entry = iterator.next();
        return KeyValue.pair(entry.getKey(), entry.getValue());
      }

      @Override
      public Bytes peekNextKey() {
        throw new UnsupportedOperationException("not a peeking iterator");
      }

      @Override
      public void close() {}
    };
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // Closed by one thread at a time.
  public final void close() {
    open = false;
    // Before it is emptied, so that whoever reads then will not take that for an answer.
    active = false;
    ownedUntil = null;
    timestamp = Long.MIN_VALUE;
    emptied++;
    clear();
    time = null;
  }

  @Override
  public final boolean persistent() {
    return false;
  }

  @Override
  public final boolean isOpen() {
    return open;
  }

  @Override
  public final Position getPosition() {
    return Position.emptyPosition();
  }
}
