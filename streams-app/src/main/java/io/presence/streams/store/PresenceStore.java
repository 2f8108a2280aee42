package io.presence.streams.store;

import io.presence.streams.core.Rules;
import io.presence.streams.core.UserState;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
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
 * The presences of one partition: a logged key-value store, so that nothing is lost, whose
 * innermost layer is a hash index, so that reading costs a probe and a copy. Contacts are entries
 * of their own in it, so that a transition does not rewrite them, and one log keeps both in step on
 * standbys.
 *
 * <p>It answers {@link LookupQuery}, {@link UserQuery} and {@link TimestampQuery}, on standbys too.
 * All other methods are for the processor alone.
 */
public final class PresenceStore implements StateStore {
  static final byte[] PRESENT = {1};

  private final PresenceIndex index;
  private final KeyValueStore<Bytes, byte[]> logged;

  private PresenceStore(PresenceIndex index, KeyValueStore<Bytes, byte[]> logged) {
    this.index = index;
    this.logged = logged;
  }

  /** Builds stores of that name, one for each partition. */
  public static StoreBuilder<PresenceStore> builder(
      String name, Rules rules, Map<String, String> changelog) {
    return new Builder(name, rules, changelog);
  }

  /** What moves of a user that has open sessions; null if there are none. One probe. */
  public @Nullable LiveUser live(String userId) {
    return index.live(userId);
  }

  /** The same, for a user whose id is in those bytes. */
  public @Nullable LiveUser live(byte[] bytes, int from, int to) {
    return index.live(bytes, from, to);
  }

  /** The same, for some users at once. */
  public void find(Probes probes) {
    index.find(probes);
  }

  /** The state of a user, decoded; null if nothing is stored. */
  public @Nullable UserState find(String userId) {
    return index.find(userId);
  }

  /** Stores a user's state. */
  public void put(UserState state, PresenceJson json) {
    logged.put(Keys.ofUser(state.userId()), UserCodec.encode(state, json));
    index.hold(state);
  }

  /** Removes all that is stored of a user. */
  public void remove(String userId) {
    for (String contact : List.copyOf(contactsOf(userId))) {
      removeContact(userId, contact);
    }
    logged.delete(Keys.ofUser(userId));
  }

  /** The contacts of a user. */
  public Set<String> contactsOf(String userId) {
    return index.contactsOf(userId);
  }

  /** Makes {@code contact} a contact of the user. */
  public void addContact(String userId, String contact) {
    logged.put(Keys.ofContact(userId, contact), PRESENT);
  }

  /** Makes {@code contact} no contact of the user. */
  public void removeContact(String userId, String contact) {
    logged.delete(Keys.ofContact(userId, contact));
  }

  /** Presence time as last stored; 0 if it never was. */
  public long presenceTime() {
    return index.presenceTime();
  }

  /** The highest version of any user that was erased; 0 if none was. */
  public long erasedVersion() {
    return index.erasedVersion();
  }

  /**
   * Stores the time, for standbys and restarts.
   *
   * @param erasedVersion the highest version of any user that was erased: all that is left of them,
   *     so that their versions go on
   */
  public void putTime(long presenceTime, long timestamp, long erasedVersion) {
    logged.put(
        Keys.OF_TIME,
        ByteBuffer.allocate(3 * Long.BYTES)
            .putLong(presenceTime)
            .putLong(timestamp)
            .putLong(erasedVersion)
            .array());
  }

  /**
   * Becomes the processor's store. Cost: one pass over all users.
   *
   * @param pending takes the states of those who have sessions or something that expires; the
   *     clocks are still to be set
   */
  public void activate(Consumer<UserState> pending) {
    index.activate(pending);
  }

  /** Stops being the processor's store, and may become a standby's. */
  public void deactivate() {
    index.deactivate();
  }

  /** All entries as they are in the changelog. Cost: a sorted copy; for tests and tools. */
  public KeyValueIterator<Bytes, byte[]> entries() {
    return index.all();
  }

  /** Takes an entry as it is in the changelog. */
  public void restore(Bytes key, byte[] value) {
    logged.put(key, value);
  }

  @Override
  public String name() {
    return index.name();
  }

  @Override
  public void init(StateStoreContext context, StateStore root) {
    logged.init(context, root);
  }

  @Override
  public void close() {
    logged.close();
  }

  @Override
  public boolean persistent() {
    return index.persistent();
  }

  @Override
  public boolean isOpen() {
    return logged.isOpen();
  }

  @Override
  public <R> QueryResult<R> query(Query<R> query, PositionBound positionBound, QueryConfig config) {
    return index.query(query, positionBound, config);
  }

  @Override
  public Position getPosition() {
    return index.getPosition();
  }

  private record Builder(String name, Rules rules, Map<String, String> logConfig)
      implements StoreBuilder<PresenceStore> {

    @Override
    public PresenceStore build() {
      PresenceIndex index = new PresenceIndex(name, rules.heartbeatTtl().toMillis());
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
      return new PresenceStore(
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
    public StoreBuilder<PresenceStore> withCachingEnabled() {
      throw new UnsupportedOperationException("a cache would hide the queries");
    }

    @Override
    public StoreBuilder<PresenceStore> withCachingDisabled() {
      return this;
    }

    @Override
    public StoreBuilder<PresenceStore> withLoggingEnabled(Map<String, String> config) {
      return new Builder(name, rules, config);
    }

    @Override
    public StoreBuilder<PresenceStore> withLoggingDisabled() {
      throw new UnsupportedOperationException("without its log, presence is lost");
    }
  }
}
