package io.presence.streams;

import io.presence.schemas.delivery.Inbox;
import io.presence.schemas.delivery.Notice;
import io.presence.schemas.event.PlainBatch;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEvent.ContactAdded;
import io.presence.schemas.event.PresenceEvent.ContactRemoved;
import io.presence.schemas.event.PresenceEvent.ContactsSet;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.Interest;
import io.presence.schemas.event.PresenceEvent.Lease;
import io.presence.schemas.event.PresenceEvent.OfSession;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.Tick;
import io.presence.schemas.event.PresenceEvent.VisibilitySet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.Reason;
import io.presence.streams.core.Interests;
import io.presence.streams.core.Moment;
import io.presence.streams.core.Outcome;
import io.presence.streams.core.PresenceCore;
import io.presence.streams.core.Session;
import io.presence.streams.core.SessionClock;
import io.presence.streams.core.UserState;
import io.presence.streams.store.IndexedStore;
import io.presence.streams.store.LiveUser;
import io.presence.streams.store.PresenceJson;
import io.presence.streams.store.PresenceStore;
import io.presence.streams.store.Probes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.SessionStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the records of one partition to the rules and what comes of them to the stores and
 * topics.
 */
final class PresenceProcessor extends PartitionProcessor {
  private static final Logger LOG = LoggerFactory.getLogger(PresenceProcessor.class);

  private static final String NOT_BY_INTEREST =
      "this streams-app does not deliver by interest (PRESENCE_DELIVERY)";

  /** How much of what gateways have left over is removed before one record. */
  private static final int MAX_FORGOTTEN = 500;

  private final PresenceCore core;
  private final PlainBatch plainBatch = new PlainBatch();
  private final Probes probes = new Probes();
  private final @Nullable String[] names = new String[Probes.MOST];

  /** Means nothing: what is added up here is read for the caches' sake. */
  @SuppressWarnings("UnusedVariable")
  private long brought;

  private PresenceStore store;
  private SessionStore<String, List<ClosedSession>> history;

  private final PresenceTopology.@Nullable Delivery delivery;
  private Interests interests;

  /** What new users' versions begin after, for they may have been erased before. */
  private long erasedVersion;

  @SuppressWarnings("NullAway.Init")
  PresenceProcessor(PresenceTopology.Configuration configuration, Ticks ticks) {
    super(
        new Setup(
            configuration.partitions(),
            configuration.rules().heartbeatTtl(),
            configuration.rules().stallThreshold(),
            configuration.tickInterval(),
            configuration.skipRepeated()),
        ticks);
    this.core = new PresenceCore(configuration.rules());
    this.delivery = configuration.delivery();
  }

  @Override
  IndexedStore open(ProcessorContext<byte[], byte[]> context) {
    store = context.getStateStore(PresenceTopology.PRESENCE_STORE);
    history = context.getStateStore(PresenceTopology.HISTORY_STORE);
    erasedVersion = store.erasedVersion();
    interests = store.interests();
    return store;
  }

  @Override
  void takeUp(long now) {
    int[] pending = new int[1];
    store.activate(
        state -> {
          core.reopen(state, now);
          watch(state);
          pending[0]++;
        });
    takeUpInterests(now);
    markHistory();
    LOG.info(
        "partition {} taken up at presence time {}: {} users with open sessions or pending expiries",
        partition(),
        now,
        pending[0]);
  }

  private void takeUpInterests(long now) {
    if (delivery == null) {
      // Of a time when changes were delivered by interest.
      interests.held().forEach(store::letGo);
    } else {
      interests.takeUp(
          new Interests.Rules(
              delivery.lease().toMillis(),
              delivery.share(),
              gateway -> Inbox.of(gateway, delivery.inboxes())),
          now);
    }
  }

  /**
   * Writes an entry of nobody's to the history. A history without any has nowhere to keep the
   * offset to go on from, and Kafka Streams takes the whole task for corrupted: each restart and
   * each takeover by a standby would begin with nothing.
   */
  private void markHistory() {
    long now = context().currentSystemTimeMs();
    history.put(new Windowed<>("", new SessionWindow(now, now)), List.of());
  }

  @Override
  public void close() {
    store.deactivate();
  }

  @Override
  String deadLetters() {
    return PresenceTopology.DEAD_LETTERS_SINK;
  }

  @Override
  long goneVersion() {
    return erasedVersion;
  }

  @Override
  void windowClosed(SessionClock clock, Moment moment) {
    UserState state = Objects.requireNonNull(store.find(clock.owner()));
    boolean gone = livenessDeadline(clock) <= clock.activityDeadline();
    take(
        state,
        gone
            ? core.livenessClosed(state, clock, moment)
            : core.activityClosed(state, clock, moment),
        moment);
  }

  @Override
  void expired(String userId, Moment moment) {
    UserState state = Objects.requireNonNull(store.find(userId));
    take(state, core.expired(state, moment), moment);
  }

  @Override
  void apply(Record<byte[], byte[]> record, Moment moment) {
    interests.over(moment.now()).forEach(store::letGo);
    interests
        .leftOver(MAX_FORGOTTEN)
        .forEach(pair -> store.removeInterest(pair.userId(), pair.gateway()));
    byte[] value = record.value();
    if (value == null) {
      refuse(record, value, "no value");
      return;
    }
    if (plainBatch.read(value)) {
      applyBatch(record, plainBatch, moment);
      return;
    }
    PresenceEvent event;
    try {
      event = PresenceEventCodec.read(value);
    } catch (InvalidJsonException e) {
      refuse(record, value, String.valueOf(e.getMessage()));
      return;
    }
    switch (event) {
      case Tick tick -> {}
      case Lease lease -> {
        String fault = renew(lease, moment);
        if (fault != null) {
          refuse(record, value, fault);
        }
      }
      case Heartbeats heartbeats -> applyBatch(record, heartbeats, moment);
      case OfUser ofUser -> {
        String fault = faultOfKey(record.key(), "user_id", ofUser.userId());
        if (fault == null) {
          fault = applyToUser(ofUser, moment);
        }
        if (fault != null) {
          refuse(record, value, fault);
        }
      }
    }
  }

  private void applyBatch(Record<byte[], byte[]> record, PlainBatch batch, Moment moment) {
    Refused<Heartbeat> refused = refusals();
    for (int from = 0; from < batch.size(); from += Probes.MOST) {
      int to = Math.min(batch.size(), from + Probes.MOST);
      find(batch, from, to);
      boolean found = true;
      for (int entry = from; entry < to; entry++) {
        LiveUser live =
            found
                ? probes.live(entry - from)
                : store.live(batch.bytes(), batch.userStart(entry), batch.userEnd(entry));
        SessionClock clock = live == null ? null : live.clock(batch, entry);
        if (live == null || clock == null || !absorb(live, clock, batch.active(entry), moment)) {
          applyEntry(batch.heartbeat(entry), refused, moment);
          // The next may be of the same user, who is held anew.
          found = false;
        }
      }
    }
    refused.send(record);
  }

  /** Finds the users of some entries, and brings near what will be read of their sessions. */
  private void find(PlainBatch batch, int from, int to) {
    probes.clear();
    for (int entry = from; entry < to; entry++) {
      probes.add(batch.bytes(), batch.userStart(entry), batch.userEnd(entry));
    }
    store.find(probes);
    for (int i = 0; i < to - from; i++) {
      LiveUser live = probes.live(i);
      names[i] = live == null ? null : live.onlySession();
    }
    for (int i = 0; i < to - from; i++) {
      String name = names[i];
      brought += name == null ? 0 : name.length();
    }
  }

  private void applyBatch(Record<byte[], byte[]> record, Heartbeats batch, Moment moment) {
    Refused<Heartbeat> refused = refusals();
    for (Heartbeat heartbeat : batch.entries()) {
      applyEntry(heartbeat, refused, moment);
    }
    refused.send(record);
  }

  private Refused<Heartbeat> refusals() {
    return new Refused<>(entries -> PresenceEventCodec.write(new Heartbeats(entries)));
  }

  private void applyEntry(Heartbeat heartbeat, Refused<Heartbeat> refused, Moment moment) {
    if (absorb(heartbeat, heartbeat.active(), moment)) {
      return;
    }
    String fault = faultOfPartition(heartbeat.userId());
    if (fault == null) {
      fault = applyToUser(heartbeat, moment);
    }
    if (fault != null) {
      refused.add(heartbeat, fault);
    }
  }

  /** Applies an event that is where it belongs; says why, if it could not be taken. */
  private @Nullable String applyToUser(OfUser event, Moment moment) {
    if (event instanceof Interest interest) {
      return apply(interest, moment);
    }
    boolean absorbed =
        switch (event) {
          case Heartbeat heartbeat -> absorb(heartbeat, heartbeat.active(), moment);
          case Activity activity -> absorb(activity, Boolean.TRUE, moment);
          default -> false;
        };
    if (absorbed) {
      return null;
    }
    UserState found = store.find(event.userId());
    UserState state = found == null ? UserState.unknown(event.userId(), erasedVersion) : found;
    if (found != null && isRepeated(found.changedBy(), moment)) {
      return null;
    }
    return switch (event) {
      case OfSession e -> decide(state, () -> core.apply(state, e, moment), moment);
      case VisibilitySet e ->
          decide(state, () -> core.visibility(state, e.visibility(), moment), moment);
      case ContactAdded e -> addContact(state, e.contact(), moment);
      case ContactRemoved e -> removeContact(state, e.contact(), moment);
      case ContactsSet e -> setContacts(state, e.contacts(), moment);
      case Erased e -> found == null ? null : erase(state, moment);
      case Interest e -> apply(e, moment);
    };
  }

  /** Takes it that a gateway watches a user from now on, and answers; or that it does no more. */
  private @Nullable String apply(Interest interest, Moment moment) {
    if (delivery == null) {
      return NOT_BY_INTEREST;
    }
    String userId = interest.userId();
    String gateway = interest.gateway();
    if (!interests.isHeld(gateway)) {
      // It is told so when it says next that it is there.
      return null;
    }
    if (!interest.on()) {
      store.removeInterest(userId, gateway);
      return null;
    }
    store.addInterest(userId, gateway);
    UserState state = store.find(userId);
    notify(new Notice.Heard(gateway, userId, state == null ? 0 : state.toldVersion()), moment);
    return null;
  }

  private @Nullable String renew(Lease lease, Moment moment) {
    if (delivery == null) {
      return NOT_BY_INTEREST;
    }
    String gateway = lease.gateway();
    switch (interests.lease(gateway, lease.interests(), moment.now())) {
      case RENEWED -> {}
      case BEGUN -> {
        store.hold(gateway);
        interests.begin(gateway, moment.now());
        notify(new Notice.Lease(gateway, partition(), true), moment);
      }
      case LOST -> {
        store.letGo(gateway);
        notify(new Notice.Lease(gateway, partition(), false), moment);
      }
    }
    return null;
  }

  private void notify(Notice notice, Moment moment) {
    int[] inbox = {Inbox.of(notice.gateway(), Objects.requireNonNull(delivery).inboxes())};
    byte[] key = notice.gateway().getBytes(StandardCharsets.UTF_8);
    forward(Inboxes.addressed(inbox, key), notice.write(), moment, PresenceTopology.INBOXES_SINK);
  }

  /** Sends a change of a user to those who watch. */
  private void deliver(UserState before, byte[] key, byte[] change, Moment moment) {
    int[] route = delivery == null ? null : interests.route(before.userId());
    if (route == null) {
      return;
    }
    Headers headers = new RecordHeaders();
    Inbox.setAfter(headers, before.toldVersion());
    boolean common = route.length == 0;
    context()
        .forward(
            new Record<>(
                common ? key : Inboxes.addressed(route, key), change, moment.timestamp(), headers),
            common ? PresenceTopology.COMMON_SINK : PresenceTopology.INBOXES_SINK);
  }

  /** Takes what only moves the windows of an open session, without looking at the state. */
  private boolean absorb(OfSession event, @Nullable Boolean active, Moment moment) {
    LiveUser live = store.live(event.userId());
    SessionClock clock = live == null ? null : live.clock(event.sessionName());
    return live != null && clock != null && absorb(live, clock, active, moment);
  }

  private boolean absorb(
      LiveUser live, SessionClock clock, @Nullable Boolean active, Moment moment) {
    // By which event the user was changed last is in memory that is not read else.
    boolean repeated = skipsRepeated() && isRepeated(live.changedBy(), moment);
    return !repeated && core.absorb(clock, live, active, moment);
  }

  private @Nullable String addContact(UserState state, String contact, Moment moment) {
    if (store.isContact(state.userId(), contact)) {
      return null;
    }
    if (store.contactsOf(state.userId()).size() >= PresenceEventCodec.MAX_CONTACTS) {
      return "the user has " + PresenceEventCodec.MAX_CONTACTS + " contacts, which is the most";
    }
    store.addContact(state.userId(), contact, state.shown().version());
    return decide(
        state, () -> core.contactsChanged(state, Reason.CONTACT_ADDED, contact, moment), moment);
  }

  private @Nullable String removeContact(UserState state, String contact, Moment moment) {
    if (!store.isContact(state.userId(), contact)) {
      return null;
    }
    store.removeContact(state.userId(), contact);
    return decide(
        state, () -> core.contactsChanged(state, Reason.CONTACT_REMOVED, contact, moment), moment);
  }

  private @Nullable String setContacts(UserState state, Set<String> contacts, Moment moment) {
    Set<String> before = store.contactsOf(state.userId()).inOrder();
    if (before.equals(contacts)) {
      return null;
    }
    for (String contact : before) {
      if (!contacts.contains(contact)) {
        store.removeContact(state.userId(), contact);
      }
    }
    for (String contact : contacts) {
      if (!before.contains(contact)) {
        store.addContact(state.userId(), contact, state.shown().version());
      }
    }
    return decide(
        state, () -> core.contactsChanged(state, Reason.CONTACTS_SET, null, moment), moment);
  }

  private @Nullable String erase(UserState state, Moment moment) {
    List<Windowed<String>> windows = new ArrayList<>();
    try (KeyValueIterator<Windowed<String>, List<ClosedSession>> closed =
        history.fetch(state.userId())) {
      while (closed.hasNext()) {
        KeyValue<Windowed<String>, List<ClosedSession>> entry = closed.next();
        windows.add(entry.key);
      }
    }
    windows.forEach(history::remove);
    return decide(state, () -> core.erased(state, moment), moment);
  }

  private @Nullable String decide(UserState state, Supplier<Outcome> rule, Moment moment) {
    return decide(
        rule,
        outcome -> {
          if (outcome.refused() == null) {
            take(state, outcome, moment);
          }
          return outcome.refused();
        },
        moment);
  }

  /** Stores and sends what came of an event or a deadline. */
  private void take(UserState before, Outcome outcome, Moment moment) {
    outcome.over().forEach(deadlines()::forget);
    UserState after = outcome.after();
    String userId = before.userId();
    byte[] key = userId.getBytes(StandardCharsets.UTF_8);
    PresenceChange change = outcome.change();
    if (after == null) {
      deadlines().forgetExpiry(userId);
      store.remove(userId);
      PresenceChange erased = Objects.requireNonNull(change);
      erasedVersion = Math.max(erasedVersion, erased.version());
      storeTime(moment.timestamp());
      forward(key, null, moment, PresenceTopology.STATE_SINK);
      byte[] value = PresenceJson.change(erased, null);
      forward(key, value, moment, PresenceTopology.CHANGES_SINK);
      deliver(before, key, value, moment);
      return;
    }
    if (outcome.unchanged()) {
      // A lost connection has a deadline that may be earlier, and nothing else to be stored.
      watch(after);
      return;
    }
    PresenceJson json = PresenceJson.of(after.shown());
    store.put(after, json);
    watch(after);
    for (ClosedSession session : outcome.ended()) {
      close(userId, key, session, moment);
    }
    if (change != null) {
      forward(key, json.state(after.visibility()), moment, PresenceTopology.STATE_SINK);
      byte[] value = PresenceJson.change(change, json);
      forward(key, value, moment, PresenceTopology.CHANGES_SINK);
      deliver(before, key, value, moment);
    }
  }

  private void watch(UserState state) {
    for (Session session : state.sessions()) {
      deadlines().watch(session.clock());
    }
    deadlines().watchExpiry(state.userId(), state.nextExpiry());
  }

  private void close(String userId, byte[] key, ClosedSession session, Moment moment) {
    Windowed<String> window =
        new Windowed<>(userId, new SessionWindow(session.startedAt(), session.endedAt()));
    List<ClosedSession> same = history.fetchSession(userId, session.startedAt(), session.endedAt());
    List<ClosedSession> sessions = same == null ? new ArrayList<>(1) : new ArrayList<>(same);
    sessions.add(session);
    history.put(window, sessions);
    try {
      forward(key, Json.MAPPER.writeValueAsBytes(session), moment, PresenceTopology.SESSIONS_SINK);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
