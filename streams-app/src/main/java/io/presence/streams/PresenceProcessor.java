package io.presence.streams;

import io.presence.schemas.event.PlainBatch;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEvent.ContactAdded;
import io.presence.schemas.event.PresenceEvent.ContactRemoved;
import io.presence.schemas.event.PresenceEvent.ContactsSet;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
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
import io.presence.schemas.topic.DeadLetter;
import io.presence.schemas.topic.Partitioning;
import io.presence.streams.core.Moment;
import io.presence.streams.core.Outcome;
import io.presence.streams.core.PresenceCore;
import io.presence.streams.core.Rules;
import io.presence.streams.core.SessionClock;
import io.presence.streams.core.UserState;
import io.presence.streams.store.LiveUser;
import io.presence.streams.store.PresenceJson;
import io.presence.streams.store.PresenceStore;
import io.presence.streams.store.Probes;
import io.presence.streams.time.PresenceTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.SessionStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the records of one partition to the rules and what comes of them to the stores and
 * topics. For each record, in this order: advance, grant, fire, apply. (To grant costs nothing
 * here: a deadline counts the holes when it is asked for.)
 */
final class PresenceProcessor implements Processor<byte[], byte[], byte[], byte[]> {
  /** The most deadlines that fire before one record. */
  static final int MAX_FIRED = 5_000;

  /** The time is stored once in each of these stretches of presence time, in milliseconds. */
  private static final long TIME_INTERVAL = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(PresenceProcessor.class);

  private final PresenceTopology.Configuration configuration;
  private final Ticks ticks;
  private final Rules rules;
  private final PresenceCore core;
  private final PlainBatch plainBatch = new PlainBatch();
  private final Probes probes = new Probes();
  private final @Nullable String[] names = new String[Probes.MOST];

  /** Means nothing: what is added up here is read for the caches' sake. */
  @SuppressWarnings("UnusedVariable")
  private long brought;

  private ProcessorContext<byte[], byte[]> context;
  private PresenceStore store;
  private SessionStore<String, List<ClosedSession>> history;
  private PresenceTime time;
  private Deadlines deadlines;
  private int partition;
  private long storedTime;

  /** What new users' versions begin after, for they may have been erased before. */
  private long erasedVersion;

  @SuppressWarnings("NullAway.Init")
  PresenceProcessor(PresenceTopology.Configuration configuration, Ticks ticks) {
    this.configuration = configuration;
    this.ticks = ticks;
    this.rules = configuration.rules();
    this.core = new PresenceCore(rules);
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> processorContext) {
    context = processorContext;
    partition = context.taskId().partition();
    store = context.getStateStore(PresenceTopology.PRESENCE_STORE);
    history = context.getStateStore(PresenceTopology.HISTORY_STORE);
    start();
    markHistory();
    context.schedule(
        configuration.tickInterval(),
        PunctuationType.WALL_CLOCK_TIME,
        wallClock -> ticks.append(partition));
  }

  /** Takes up what is stored: nobody's absence is counted while nobody was here to see. */
  private void start() {
    long ttl = rules.heartbeatTtl().toMillis();
    storedTime = store.presenceTime();
    erasedVersion = store.erasedVersion();
    time = new PresenceTime(storedTime, rules.stallThreshold().toMillis(), 20 * ttl);
    deadlines = new Deadlines(time, rules);
    int[] pending = new int[1];
    store.activate(
        state -> {
          core.reopen(state, time.now());
          deadlines.watch(state);
          pending[0]++;
        });
    LOG.info(
        "partition {} taken up at presence time {}: {} users with open sessions or pending expiries",
        partition,
        storedTime,
        pending[0]);
  }

  /**
   * Writes an entry of nobody's to the history. A history without any has nowhere to keep the
   * offset to go on from, and Kafka Streams takes the whole task for corrupted: each restart and
   * each takeover by a standby would begin with nothing.
   */
  private void markHistory() {
    long now = context.currentSystemTimeMs();
    history.put(new Windowed<>("", new SessionWindow(now, now)), List.of());
  }

  @Override
  public void close() {
    store.deactivate();
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    long offset = context.recordMetadata().map(RecordMetadata::offset).orElse(-1L);
    time.advance(record.timestamp());
    deadlines.advance();
    fire(new Moment(time.now(), record.timestamp(), offset - 1));
    apply(record, new Moment(time.now(), record.timestamp(), offset));
    if (time.now() / TIME_INTERVAL != storedTime / TIME_INTERVAL) {
      storeTime(record.timestamp());
    }
  }

  private void storeTime(long timestamp) {
    storedTime = time.now();
    store.putTime(storedTime, timestamp, erasedVersion);
  }

  private void fire(Moment moment) {
    int fired = 0;
    while (fired < MAX_FIRED) {
      SessionClock clock = deadlines.pollWindow();
      if (clock == null) {
        break;
      }
      UserState state = Objects.requireNonNull(store.find(clock.userId()));
      boolean gone = clock.livenessDeadline(time, rules) <= clock.activityDeadline();
      take(
          state,
          gone
              ? core.livenessClosed(state, clock, moment)
              : core.activityClosed(state, clock, moment),
          moment);
      fired++;
    }
    while (fired < MAX_FIRED) {
      String userId = deadlines.nextExpired(moment.timestamp());
      if (userId == null) {
        break;
      }
      UserState state = Objects.requireNonNull(store.find(userId));
      take(state, core.expired(state, moment), moment);
      fired++;
    }
    if (fired == MAX_FIRED
        && (deadlines.hasDueWindow() || deadlines.nextExpired(moment.timestamp()) != null)) {
      ticks.append(partition);
    }
  }

  private void apply(Record<byte[], byte[]> record, Moment moment) {
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
      case Heartbeats heartbeats -> applyBatch(record, heartbeats, moment);
      case OfUser ofUser -> {
        String fault = faultOfKey(record.key(), ofUser.userId());
        if (fault == null) {
          fault = applyToUser(ofUser, moment);
        }
        if (fault != null) {
          refuse(record, value, fault);
        }
      }
    }
  }

  private @Nullable String faultOfKey(byte @Nullable [] key, String userId) {
    if (key == null) {
      return "no key: it must be the user_id";
    }
    if (!userId.equals(new String(key, StandardCharsets.UTF_8))) {
      return "the key is not the user_id";
    }
    return faultOfPartition(userId);
  }

  private @Nullable String faultOfPartition(String userId) {
    int right = Partitioning.partitionOf(userId, configuration.partitions());
    return right == partition
        ? null
        : "%s belongs to partition %d, not %d: producers must use murmur2 (librdkafka: partitioner=murmur2_random)"
            .formatted(userId, right, partition);
  }

  private void applyBatch(Record<byte[], byte[]> record, PlainBatch batch, Moment moment) {
    Refused refused = new Refused();
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
    Refused refused = new Refused();
    for (Heartbeat heartbeat : batch.entries()) {
      applyEntry(heartbeat, refused, moment);
    }
    refused.send(record);
  }

  private void applyEntry(Heartbeat heartbeat, Refused refused, Moment moment) {
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

  /** The entries of a batch that could not be taken: one dead letter for all, with one reason. */
  private final class Refused {
    private @Nullable List<Heartbeat> entries;
    private String reason = "";

    void add(Heartbeat heartbeat, String fault) {
      List<Heartbeat> all = entries;
      if (all == null) {
        all = new ArrayList<>();
        entries = all;
        reason = fault;
      }
      all.add(heartbeat);
    }

    void send(Record<byte[], byte[]> record) {
      List<Heartbeat> all = entries;
      if (all != null) {
        refuse(record, PresenceEventCodec.write(new Heartbeats(all)), reason);
      }
    }
  }

  /** Applies an event that is where it belongs; says why, if it could not be taken. */
  private @Nullable String applyToUser(OfUser event, Moment moment) {
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
    };
  }

  /** Takes what only moves the windows of an open session, without looking at the state. */
  private boolean absorb(OfSession event, @Nullable Boolean active, Moment moment) {
    LiveUser live = store.live(event.userId());
    SessionClock clock = live == null ? null : live.clock(event.sessionName());
    return live != null && clock != null && absorb(live, clock, active, moment);
  }

  private boolean absorb(
      LiveUser live, SessionClock clock, @Nullable Boolean active, Moment moment) {
    return !(configuration.skipRepeated() && isRepeated(live.changedBy(), moment))
        && core.absorb(clock, live, active, moment);
  }

  private boolean isRepeated(long changedBy, Moment moment) {
    return configuration.skipRepeated() && changedBy >= moment.offset();
  }

  private @Nullable String addContact(UserState state, String contact, Moment moment) {
    Set<String> contacts = store.contactsOf(state.userId());
    if (contacts.contains(contact)) {
      return null;
    }
    if (contacts.size() >= PresenceEventCodec.MAX_CONTACTS) {
      return "the user has " + PresenceEventCodec.MAX_CONTACTS + " contacts, which is the most";
    }
    store.addContact(state.userId(), contact);
    return decide(
        state, () -> core.contactsChanged(state, Reason.CONTACT_ADDED, contact, moment), moment);
  }

  private @Nullable String removeContact(UserState state, String contact, Moment moment) {
    if (!store.contactsOf(state.userId()).contains(contact)) {
      return null;
    }
    store.removeContact(state.userId(), contact);
    return decide(
        state, () -> core.contactsChanged(state, Reason.CONTACT_REMOVED, contact, moment), moment);
  }

  private @Nullable String setContacts(UserState state, Set<String> contacts, Moment moment) {
    Set<String> before = new TreeSet<>(store.contactsOf(state.userId()));
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
        store.addContact(state.userId(), contact);
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

  /**
   * Asks the rules and takes what they say. The rules only compute, so whatever goes wrong in them
   * is this event's fault and must not stop the partition.
   */
  private @Nullable String decide(UserState state, Supplier<Outcome> rule, Moment moment) {
    Outcome outcome;
    try {
      outcome = rule.get();
    } catch (RuntimeException e) {
      LOG.error(
          "an event at offset {} of partition {} broke a rule", moment.offset(), partition, e);
      return "internal error: " + e;
    }
    if (outcome.refused() != null) {
      return outcome.refused();
    }
    take(state, outcome, moment);
    return null;
  }

  /** Stores and sends what came of an event or a deadline. */
  private void take(UserState before, Outcome outcome, Moment moment) {
    outcome.over().forEach(deadlines::forget);
    UserState after = outcome.after();
    String userId = before.userId();
    byte[] key = userId.getBytes(StandardCharsets.UTF_8);
    PresenceChange change = outcome.change();
    if (after == null) {
      deadlines.forgetExpiry(userId);
      store.remove(userId);
      PresenceChange erased = Objects.requireNonNull(change);
      erasedVersion = Math.max(erasedVersion, erased.version());
      storeTime(moment.timestamp());
      forward(key, null, moment, PresenceTopology.STATE_SINK);
      forward(key, PresenceJson.change(erased, null), moment, PresenceTopology.CHANGES_SINK);
      return;
    }
    if (outcome.unchanged()) {
      // A lost connection has a deadline that may be earlier, and nothing else to be stored.
      deadlines.watch(after);
      return;
    }
    PresenceJson json = PresenceJson.of(after.shown());
    store.put(after, json);
    deadlines.watch(after);
    for (ClosedSession session : outcome.ended()) {
      close(userId, key, session, moment);
    }
    if (change != null) {
      forward(key, json.state(after.visibility()), moment, PresenceTopology.STATE_SINK);
      forward(key, PresenceJson.change(change, json), moment, PresenceTopology.CHANGES_SINK);
    }
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

  private void refuse(Record<byte[], byte[]> record, byte @Nullable [] value, String reason) {
    Headers headers = new RecordHeaders(record.headers());
    add(headers, DeadLetter.REASON, reason);
    context
        .recordMetadata()
        .ifPresent(
            metadata -> {
              add(headers, DeadLetter.TOPIC, metadata.topic());
              add(headers, DeadLetter.PARTITION, Integer.toString(metadata.partition()));
              add(headers, DeadLetter.OFFSET, Long.toString(metadata.offset()));
            });
    context.forward(
        new Record<>(record.key(), value, record.timestamp(), headers),
        PresenceTopology.DEAD_LETTERS_SINK);
  }

  private static void add(Headers headers, String header, String text) {
    headers.remove(header);
    headers.add(header, text.getBytes(StandardCharsets.UTF_8));
  }

  private void forward(byte[] key, byte @Nullable [] value, Moment moment, String sink) {
    context.forward(new Record<>(key, value, moment.timestamp()), sink);
  }
}
