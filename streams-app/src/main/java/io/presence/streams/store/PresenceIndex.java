package io.presence.streams.store;

import io.presence.schemas.presence.Visibility;
import io.presence.schemas.query.Lookup;
import io.presence.streams.core.Interests;
import io.presence.streams.core.UserState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.jspecify.annotations.Nullable;

/**
 * The hash index that is the innermost store: users, their contacts, who watches them, and the time
 * of one partition. What is put or restored is held as the bytes that it came in, of which a lookup
 * copies a part; of those with open sessions, the processor holds what a heartbeat moves beside.
 *
 * <p>One thread writes; any number read, without locks. Contacts are written before the user that
 * they go with, and until then count as before. A reader that finds that something was written
 * while it read begins again, so that no one is shown a presence newer than the right to see it,
 * nor one older.
 */
final class PresenceIndex extends PartitionIndex {
  /**
   * A user whose contacts were written already, and who was not yet; or nobody. Each is only
   * itself: one who finds the same as before knows that no contacts were written in between.
   */
  private static final class Changing {
    private final String userId;
    private final @Nullable Object held;

    /** Whether those that were written were contacts before. */
    private final Map<String, Boolean> before = new ConcurrentHashMap<>(4);

    Changing(String userId, @Nullable Object held) {
      this.userId = userId;
      this.held = held;
    }
  }

  private static final String NOBODY = "";

  /** Of all who have none. Nothing is ever added to it. */
  private static final ContactSet NO_CONTACTS = new ContactSet();

  private final UserTable users = new UserTable();
  private final Map<String, ContactSet> contacts = new ConcurrentHashMap<>();
  private volatile Changing changing = new Changing(NOBODY, null);

  /** Of the thread that writes alone. */
  private final Interests interests = new Interests();

  PresenceIndex(String name, long ttl) {
    super(name, ttl);
  }

  // What the processor uses

  @Nullable LiveUser live(String userId) {
    return held(userId) instanceof LiveUser live ? live : null;
  }

  @Nullable LiveUser live(byte[] bytes, int from, int to) {
    return users.get(bytes, from, to) instanceof LiveUser live ? live : null;
  }

  void find(Probes probes) {
    users.find(probes);
  }

  @Nullable UserState find(String userId) {
    Object held = held(userId);
    return held == null
        ? null
        : UserCodec.decode(UserTable.stored(held), held instanceof LiveUser live ? live : null);
  }

  /** Holds what moves of a user that was just put, if there is anything. */
  void hold(UserState state) {
    if (!state.sessions().isEmpty()) {
      byte[] id = Keys.ascii(state.userId());
      Object held = users.get(id, 0, id.length);
      if (held != null) {
        hold(state, UserTable.stored(held));
      }
    }
  }

  private void hold(UserState state, byte[] stored) {
    users.put(
        stored,
        UserCodec.ID,
        UserCodec.endOfId(stored),
        new LiveUser(stored, state.pulse().lastSeen(), state.sessions()));
  }

  /** Starts to be the processor's: hands over all that has sessions or something that expires. */
  void activate(Consumer<UserState> pending) {
    users.forEach(
        held -> {
          byte[] stored = UserTable.stored(held);
          if (UserCodec.isPending(stored)) {
            UserState state = UserCodec.decode(stored, null);
            if (!state.sessions().isEmpty()) {
              state.lastSeenAtLeast(aliveAtLeast());
              hold(state, stored);
            }
            pending.accept(state);
          }
        });
    becomeActive();
  }

  ContactSet contactsOf(String userId) {
    return contacts.getOrDefault(userId, NO_CONTACTS);
  }

  boolean isContact(String userId, byte[] contact) {
    return contactsOf(userId).contains(contact);
  }

  Interests interests() {
    return interests;
  }

  // What queries use

  private List<Lookup.Entry> lookup(
      @Nullable String requester, List<String> userIds, boolean contacts) {
    List<Lookup.Entry> entries = new ArrayList<>(userIds.size());
    Probes probes = new Probes();
    boolean[] contact = new boolean[Probes.MOST];
    byte[] asking = requester == null ? new byte[0] : Keys.ascii(requester);
    for (int from = 0; from < userIds.size(); from += Probes.MOST) {
      List<String> some = userIds.subList(from, Math.min(userIds.size(), from + Probes.MOST));
      probes.clear();
      for (String userId : some) {
        byte[] id = Keys.ascii(userId);
        probes.add(id, 0, id.length);
      }
      Changing now;
      do {
        now = changing;
        users.find(probes);
        for (int i = 0; i < some.size() && requester != null; i++) {
          Object held = probes.held[i];
          contact[i] =
              (contacts || isForContacts(held))
                  && isContact(some.get(i), requester, asking, held, now);
        }
      } while (requester != null && changing != now);
      for (int i = 0; i < some.size(); i++) {
        entries.add(entry(requester, some.get(i), probes.held[i], contact[i]));
      }
    }
    return entries;
  }

  private Lookup.Entry entry(
      @Nullable String requester, String userId, @Nullable Object held, boolean contact) {
    if (held == null) {
      return new Lookup.Entry(
          Lookup.Outcome.NOT_SHOWN, null, 0, Visibility.EVERYONE, contact, !isActive());
    }
    byte[] stored = UserTable.stored(held);
    Visibility visibility = UserCodec.visibility(stored);
    long version = UserCodec.version(stored);
    if (!UserCodec.isKnown(stored) || !visibility.permits(requester, userId, contact)) {
      return new Lookup.Entry(
          Lookup.Outcome.NOT_SHOWN, null, version, visibility, contact, !isActive());
    }
    return new Lookup.Entry(
        Lookup.Outcome.SHOWN, presence(held, stored), version, visibility, contact, !isActive());
  }

  private static boolean isForContacts(@Nullable Object held) {
    return held != null && UserCodec.visibility(UserTable.stored(held)) == Visibility.CONTACTS;
  }

  /**
   * Whether the requester is a contact of a user who was held as {@code held}.
   *
   * @param asking the requester's bytes
   */
  @SuppressWarnings("ReferenceEquality") // Whether it was written, be it as it was before.
  private boolean isContact(
      String userId, String requester, byte[] asking, @Nullable Object held, Changing now) {
    boolean contact = isContact(userId, asking);
    if (!now.userId.equals(userId) || now.held != held) {
      return contact;
    }
    Boolean before = now.before.get(requester);
    return before == null ? contact : before;
  }

  private byte[] presence(Object held, byte[] stored) {
    if (!UserCodec.isPubliclySeen(stored)) {
      return UserCodec.presence(stored);
    }
    if (isActive() && held instanceof LiveUser live) {
      return live.presence();
    }
    // A copy is not told of heartbeats: only that the session was alive at the time it knows.
    return UserCodec.presence(stored, aliveAtLeast());
  }

  @Override
  public <R> QueryResult<R> query(Query<R> query, PositionBound positionBound, QueryConfig config) {
    return switch (query) {
      case LookupQuery lookup ->
          answer(
              lookup.taken(),
              () -> lookup(lookup.requester(), lookup.userIds(partition()), lookup.contacts()));
      case UserQuery user -> answer(user.taken(), () -> user(user.userId()));
      default -> QueryResult.forUnknownQueryType(query, this);
    };
  }

  private UserQuery.Result user(String userId) {
    UserState state = find(userId);
    return new UserQuery.Result(
        state == null ? UserState.unknown(userId) : state,
        contactsOf(userId),
        presenceTime(),
        !isActive());
  }

  // The store

  @Override
  void apply(byte[] key, byte @Nullable [] value) {
    switch (Keys.kind(key)) {
      case Keys.USER -> {
        if (value == null) {
          users.remove(key, 1, key.length);
        } else {
          users.put(key, 1, key.length, value);
        }
        if (!changing.userId.isEmpty()) {
          changing = new Changing(NOBODY, null);
        }
      }
      case Keys.CONTACT -> {
        String pair = Keys.text(key);
        int zero = pair.indexOf('\0');
        String userId = pair.substring(0, zero);
        String contact = pair.substring(zero + 1);
        Changing now = changing;
        if (!now.userId.equals(userId)) {
          now = new Changing(userId, held(userId));
          changing = now;
        }
        byte[] id = Keys.ascii(contact);
        now.before.putIfAbsent(contact, isContact(userId, id));
        if (value == null) {
          removeContact(userId, id);
        } else {
          addContact(userId, id);
        }
      }
      case Keys.GATEWAY -> {
        if (value == null) {
          interests.letGo(Keys.text(key));
        } else {
          interests.hold(Keys.text(key));
        }
      }
      case Keys.INTEREST -> {
        String pair = Keys.text(key);
        int zero = pair.indexOf('\0');
        if (value == null) {
          interests.remove(pair.substring(0, zero), pair.substring(zero + 1));
        } else {
          interests.add(pair.substring(0, zero), pair.substring(zero + 1));
        }
      }
      default -> throw new IllegalArgumentException("a key of kind " + Keys.kind(key));
    }
  }

  private void addContact(String userId, byte[] contact) {
    ContactSet before = contacts.get(userId);
    ContactSet after = (before == null ? new ContactSet() : before).with(contact);
    if (before != after) {
      contacts.put(userId, after);
    }
  }

  private void removeContact(String userId, byte[] contact) {
    ContactSet set = contacts.get(userId);
    if (set != null) {
      set.remove(contact);
      if (set.size() == 0) {
        contacts.remove(userId);
      }
    }
  }

  @Override
  boolean isOutdated(byte[] key, byte[] value) {
    return switch (Keys.kind(key)) {
      case Keys.USER -> isOutdated(key, key.length, UserCodec.version(value));
      // What the user was when it became a contact.
      case Keys.CONTACT ->
          value.length > PresenceStore.PRESENT.length
              && isOutdated(key, Keys.endOfUser(key), ByteBuffer.wrap(value).getLong(1));
      default -> false;
    };
  }

  private boolean isOutdated(byte[] key, int endOfUser, long version) {
    Object held = users.get(key, 1, endOfUser);
    return held != null && UserCodec.version(UserTable.stored(held)) > version;
  }

  @Override
  byte @Nullable [] stored(byte[] key) {
    if (Keys.kind(key) == Keys.USER) {
      Object held = users.get(key, 1, key.length);
      return held == null ? null : UserTable.stored(held);
    }
    String pair = Keys.text(key);
    int zero = pair.indexOf('\0');
    boolean present =
        switch (Keys.kind(key)) {
          case Keys.GATEWAY -> interests.isHeld(pair);
          case Keys.INTEREST ->
              interests.contains(pair.substring(0, zero), pair.substring(zero + 1));
          default -> isContact(pair.substring(0, zero), Keys.ascii(pair.substring(zero + 1)));
        };
    return present ? PresenceStore.PRESENT : null;
  }

  @Override
  void addTo(Map<Bytes, byte[]> entries) {
    users.forEach(
        held -> {
          byte[] stored = UserTable.stored(held);
          entries.put(Keys.ofUser(UserCodec.userId(stored)), stored);
        });
    contacts.forEach(
        (userId, set) ->
            set.inOrder()
                .forEach(
                    contact ->
                        entries.put(Keys.ofContact(userId, contact), PresenceStore.PRESENT)));
    interests
        .held()
        .forEach(gateway -> entries.put(Keys.ofGateway(gateway), PresenceStore.PRESENT));
    interests
        .pairs()
        .forEach(
            pair ->
                entries.put(Keys.ofInterest(pair.userId(), pair.gateway()), PresenceStore.PRESENT));
  }

  @Override
  public long approximateNumEntries() {
    return users.size();
  }

  @Override
  void clear() {
    users.clear();
    contacts.clear();
    interests.clear();
    changing = new Changing(NOBODY, null);
  }

  private @Nullable Object held(String userId) {
    byte[] id = Keys.ascii(userId);
    return users.get(id, 0, id.length);
  }
}
