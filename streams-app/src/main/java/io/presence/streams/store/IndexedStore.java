package io.presence.streams.store;

import io.presence.streams.time.PresenceTime.LastTick;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.jspecify.annotations.Nullable;

/**
 * The state of one partition: a logged key-value store, so that nothing is lost, whose innermost
 * layer is an index in memory, which answers the queries of its own, on standbys too if they have
 * {@link Taken} in enough. All else is for the processor alone.
 */
public abstract class IndexedStore implements StateStore {
  private final PartitionIndex index;
  private final KeyValueStore<Bytes, byte[]> logged;

  IndexedStore(PartitionIndex index, KeyValueStore<Bytes, byte[]> logged) {
    this.index = index;
    this.logged = logged;
  }

  final KeyValueStore<Bytes, byte[]> logged() {
    return logged;
  }

  /** Presence time as last stored; 0 if it never was. */
  public final long presenceTime() {
    return index.presenceTime();
  }

  /** The last tick before that time, as stored; null: there was none. */
  public final @Nullable LastTick lastTick() {
    return index.lastTick();
  }

  /**
   * Stores the time, for standbys and restarts.
   *
   * @param goneVersion the highest version of any that is gone: all that is left of them, so that
   *     their versions go on
   * @param lastTick the last tick; null: there was none
   */
  public final void putTime(
      long presenceTime, long timestamp, long goneVersion, @Nullable LastTick lastTick) {
    logged.put(Keys.OF_TIME, StoredTime.encode(presenceTime, timestamp, goneVersion, lastTick));
  }

  /** Stops being the processor's store, and may become a standby's. */
  public final void deactivate() {
    index.deactivate();
  }

  /** All entries as they are in the changelog. Cost: a sorted copy; for tests and tools. */
  public final KeyValueIterator<Bytes, byte[]> entries() {
    return index.all();
  }

  /** Takes an entry as it is in the changelog. */
  public final void restore(Bytes key, byte[] value) {
    logged.put(key, value);
  }

  @Override
  public final String name() {
    return index.name();
  }

  @Override
  public final void init(StateStoreContext context, StateStore root) {
    logged.init(context, root);
  }

  @Override
  public final void close() {
    logged.close();
  }

  @Override
  public final boolean persistent() {
    return index.persistent();
  }

  @Override
  public final boolean isOpen() {
    return logged.isOpen();
  }

  @Override
  public final <R> QueryResult<R> query(
      Query<R> query, PositionBound positionBound, QueryConfig config) {
    return index.query(query, positionBound, config);
  }

  @Override
  public final Position getPosition() {
    return index.getPosition();
  }

  /**
   * Builds stores.
   *
   * @param indexes makes the index of each
   * @param stores makes a store of an index and what logs it
   */
  record Builder<I extends PartitionIndex, S extends IndexedStore>(
      String name,
      Map<String, String> logConfig,
      Supplier<I> indexes,
      BiFunction<I, KeyValueStore<Bytes, byte[]>, S> stores)
      implements StoreBuilder<S> {

    @Override
    public S build() {
      I index = indexes.get();
      KeyValueBytesStoreSupplier supplier =
          new KeyValueBytesStoreSupplier() {
            @Override
            public String name() {
              return name;
            }

            @Override
            public KeyValueStore<Bytes, byte[]> get() {
              return index;
            }

            @Override
            public String metricsScope() {
              return "presence";
            }
          };
      return stores.apply(
          index,
          Stores.keyValueStoreBuilder(supplier, Serdes.Bytes(), Serdes.ByteArray())
              .withLoggingEnabled(logConfig)
              .withCachingDisabled()
              .build());
    }

    @Override
    public boolean loggingEnabled() {
      return true;
    }

    @Override
    public StoreBuilder<S> withCachingEnabled() {
      throw new UnsupportedOperationException("a cache would hide the queries");
    }

    @Override
    public StoreBuilder<S> withCachingDisabled() {
      return this;
    }

    @Override
    public StoreBuilder<S> withLoggingEnabled(Map<String, String> config) {
      return new Builder<>(name, config, indexes, stores);
    }

    @Override
    public StoreBuilder<S> withLoggingDisabled() {
      throw new UnsupportedOperationException("without its log, presence is lost");
    }
  }
}
