package io.presence.streams.store;

import io.presence.streams.core.Interests;
import io.presence.streams.core.Rules;
import io.presence.streams.core.UserState;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The presences of one partition: a logged key-value store, so that nothing is lost, whose
 * innermost layer is a hash index, so that reading costs a probe and a copy. Contacts are entries
 * of their own in it, so that a transition does not rewrite them, and so is who watches; one log
 * keeps all of it in step on standbys.
 *
 * <p>It answers {@link LookupQuery} and {@link UserQuery}, on standbys too. All other methods are
 * for the processor alone.
 */
public final class PresenceStore extends IndexedStore {
  static final byte[] PRESENT = {1};

  private final PresenceIndex index;

  private PresenceStore(PresenceIndex index, KeyValueStore<Bytes, byte[]> logged) {
    super(index, logged);
    this.index = index;
  }

  /** Builds stores of that name, one for each partition. */
  public static StoreBuilder<PresenceStore> builder(
      String name, Rules rules, Map<String, String> changelog) {
    return new Builder<>(
        name,
        changelog,
        () -> new PresenceIndex(name, rules.heartbeatTtl().toMillis()),
        PresenceStore::new);
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
    logged().put(Keys.ofUser(state.userId()), UserCodec.encode(state, json));
    index.hold(state);
  }

  /** Removes all that is stored of a user. */
  public void remove(String userId) {
    for (String contact : contactsOf(userId).inOrder()) {
      removeContact(userId, contact);
    }
    logged().delete(Keys.ofUser(userId));
  }

  /** The contacts of a user. */
  public ContactSet contactsOf(String userId) {
    return index.contactsOf(userId);
  }

  /** Whether {@code contact} is a contact of the user. */
  public boolean isContact(String userId, String contact) {
    return index.isContact(userId, Keys.ascii(contact));
  }

  /**
   * Makes {@code contact} a contact of the user.
   *
   * @param version the user's before that: whoever knows a newer one when it reads this from the
   *     changelog knows of what was done with contacts since, too
   */
  public void addContact(String userId, String contact, long version) {
    byte[] value = ByteBuffer.allocate(1 + Long.BYTES).put(PRESENT).putLong(version).array();
    logged().put(Keys.ofContact(userId, contact), value);
  }

  /** Makes {@code contact} no contact of the user. */
  public void removeContact(String userId, String contact) {
    logged().delete(Keys.ofContact(userId, contact));
  }

  /** Which gateways watch whom: to be changed by the four methods that follow. */
  public Interests interests() {
    return index.interests();
  }

  /** Holds a gateway. */
  public void hold(String gateway) {
    logged().put(Keys.ofGateway(gateway), PRESENT);
  }

  /** Holds a gateway no more. */
  public void letGo(String gateway) {
    logged().delete(Keys.ofGateway(gateway));
  }

  /** A gateway watches a user. */
  public void addInterest(String userId, String gateway) {
    logged().put(Keys.ofInterest(userId, gateway), PRESENT);
  }

  /** A gateway does not watch a user any more. */
  public void removeInterest(String userId, String gateway) {
    logged().delete(Keys.ofInterest(userId, gateway));
  }

  /** The highest version of any user that was erased; 0 if none was. */
  public long erasedVersion() {
    return index.goneVersion();
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
}
