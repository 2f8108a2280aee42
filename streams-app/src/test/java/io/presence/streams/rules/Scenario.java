package io.presence.streams.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.ContactAdded;
import io.presence.schemas.event.PresenceEvent.ContactRemoved;
import io.presence.schemas.event.PresenceEvent.ContactsSet;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.Tick;
import io.presence.schemas.event.PresenceEvent.VisibilitySet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import io.presence.streams.TopologySubject;
import io.presence.streams.model.Held;
import io.presence.streams.model.NaiveModel;
import io.presence.streams.model.Outputs;
import io.presence.streams.model.Rules;
import io.presence.streams.model.Subject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A log being written, and what comes of it. The clock stands still but for {@link #pass}, {@link
 * #silence} and {@link #at}. What came out must have been asked for by the time of {@link #close}.
 */
final class Scenario implements AutoCloseable {
  /** When every scenario starts. */
  static final long START = 1_764_000_000_000L;

  private static final Rules RULES = new Rules(30_000, 300_000, 5_000, 1);

  private final TopologySubject topology = new TopologySubject(RULES);
  private final Subject subject = new Held(topology, new NaiveModel(RULES));
  private long clock = START;
  private Outputs outputs = subject.outputs();

  // Time

  /** So many seconds go by, and a tick tells each of them. */
  Scenario pass(double seconds) {
    long end = clock + millis(seconds);
    while (clock < end) {
      clock = Math.min(end, clock + 1_000);
      tick();
    }
    return this;
  }

  /** So many seconds go by, and nothing reaches the log. */
  Scenario silence(double seconds) {
    return at((clock - START) / 1_000.0 + seconds);
  }

  /** The broker's clock shows so many seconds since the start. */
  Scenario at(double seconds) {
    clock = START + millis(seconds);
    return this;
  }

  /** What the broker's clock shows, in milliseconds since the epoch. */
  long clock() {
    return clock;
  }

  private static long millis(double seconds) {
    return Math.round(seconds * 1_000);
  }

  // Events

  Scenario connected(String userId, @Nullable String sessionId, @Nullable String device) {
    return send(new Connected(userId, sessionId, device, Patch.keep()));
  }

  Scenario connected(String userId, String sessionId, String device, String customStatus) {
    return send(new Connected(userId, sessionId, device, Patch.set(customStatus)));
  }

  Scenario heartbeat(String userId, String sessionId) {
    return send(beat(userId, sessionId, null));
  }

  Scenario heartbeat(String userId, String sessionId, boolean active) {
    return send(beat(userId, sessionId, active));
  }

  Scenario heartbeats(Heartbeat... entries) {
    return send(new Heartbeats(List.of(entries)));
  }

  /** An entry of a batch. */
  static Heartbeat beat(String userId, String sessionId, @Nullable Boolean active) {
    return new Heartbeat(userId, sessionId, "web", active);
  }

  Scenario activity(String userId, String sessionId) {
    return send(new Activity(userId, sessionId, "web"));
  }

  /** The user sets a status, as over HTTP. */
  Scenario set(String userId, SetTo status) {
    return send(status.by(userId, null, Scope.USER));
  }

  /** A session sets a status, as over a socket. */
  Scenario set(String userId, @Nullable String sessionId, SetTo status) {
    return send(status.by(userId, sessionId, Scope.SESSION));
  }

  /** A session says goodbye. */
  Scenario goodbye(String userId, String sessionId) {
    return send(new Disconnected(userId, sessionId, null, null, false));
  }

  /** All sessions of a user are to end. */
  Scenario goodbyeOfAll(String userId) {
    return send(new Disconnected(userId, null, null, null, true));
  }

  /** A session's socket is lost, and has so many seconds to come back. */
  Scenario lost(String userId, String sessionId, long grace) {
    return send(new Disconnected(userId, sessionId, null, Duration.ofSeconds(grace), false));
  }

  Scenario visibleTo(String userId, Visibility visibility) {
    return send(new VisibilitySet(userId, visibility));
  }

  Scenario addContact(String userId, String contact) {
    return send(new ContactAdded(userId, contact));
  }

  Scenario removeContact(String userId, String contact) {
    return send(new ContactRemoved(userId, contact));
  }

  Scenario setContacts(String userId, String... contacts) {
    Set<String> set = new LinkedHashSet<>(Arrays.asList(contacts));
    return send(new ContactsSet(userId, set));
  }

  Scenario erase(String userId) {
    return send(new Erased(userId));
  }

  Scenario tick() {
    return send(new Tick());
  }

  Scenario send(PresenceEvent event) {
    return send(event instanceof OfUser ofUser ? ofUser.userId() : null, event);
  }

  /** Sends an event with a key that need not be right. */
  Scenario send(@Nullable String key, PresenceEvent event) {
    subject.record(clock, key, PresenceEventCodec.write(event));
    return this;
  }

  /** Sends what need not be an event. */
  Scenario sendRaw(@Nullable String key, @Nullable String value) {
    subject.record(clock, key, value == null ? null : value.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /** The task moves to another instance. */
  Scenario restart() {
    subject.restart();
    return this;
  }

  // What came of it

  /** The changes since this was last asked, as {@code ada: offline → online, connected}. */
  List<String> changes() {
    return changesInFull().stream()
        .map(
            change ->
                "%s: %s → %s, %s"
                    .formatted(
                        change.userId(),
                        change.from().word(),
                        change.to().word(),
                        change.reason().word()))
        .toList();
  }

  /** The changes since this was last asked. */
  List<PresenceChange> changesInFull() {
    outputs = outputs.and(subject.outputs());
    List<PresenceChange> changes = List.copyOf(outputs.changes());
    assertThat(outputs.states())
        .as("presence-state follows presence-changes")
        .extracting(Outputs.State::userId)
        .containsExactlyElementsOf(changes.stream().map(PresenceChange::userId).toList());
    outputs.changes().clear();
    outputs.states().clear();
    return changes;
  }

  /** The one change since this was last asked. */
  PresenceChange change() {
    List<PresenceChange> changes = changesInFull();
    assertThat(changes).hasSize(1);
    return changes.get(0);
  }

  /** The values of {@code presence-state} since changes or these were last asked for. */
  List<Outputs.State> states() {
    outputs = outputs.and(subject.outputs());
    List<Outputs.State> states = List.copyOf(outputs.states());
    outputs.changes().clear();
    outputs.states().clear();
    return states;
  }

  /** The sessions closed since this was last asked, as {@code ada: s1 on web, timed_out}. */
  List<String> closed() {
    outputs = outputs.and(subject.outputs());
    List<String> closed =
        outputs.sessions().stream()
            .map(
                record -> {
                  ClosedSession session = record.session();
                  return "%s: %s on %s, %s"
                      .formatted(
                          record.userId(),
                          session.sessionId(),
                          session.device(),
                          session.reason().word());
                })
            .toList();
    outputs.sessions().clear();
    return closed;
  }

  /** The one session closed since this was last asked. */
  ClosedSession closedSession() {
    outputs = outputs.and(subject.outputs());
    assertThat(outputs.sessions()).hasSize(1);
    return outputs.sessions().remove(0).session();
  }

  /** The values of the dead letters since this was last asked. */
  List<@Nullable String> deadLetters() {
    outputs = outputs.and(subject.outputs());
    List<@Nullable String> values =
        outputs.deadLetters().stream().<@Nullable String>map(Outputs.DeadLetter::value).toList();
    outputs.deadLetters().clear();
    return values;
  }

  /** How many ticks were asked for since this was last asked. */
  int ticksAskedFor() {
    outputs = outputs.and(subject.outputs());
    int ticks = outputs.ticks();
    outputs =
        new Outputs(
            outputs.changes(), outputs.states(), outputs.sessions(), outputs.deadLetters(), 0);
    return ticks;
  }

  /** How many records were written to changelogs since this was last asked. */
  int written() {
    return topology.changelogs().size();
  }

  /** What came out so far is of no interest. */
  Scenario forget() {
    outputs = outputs.and(subject.outputs());
    outputs.changes().clear();
    outputs.states().clear();
    outputs.sessions().clear();
    return this;
  }

  /** What a stranger sees of a user whom one may see. */
  Presence presence(String userId) {
    return Objects.requireNonNull(seenBy(null, userId), userId + " is not shown");
  }

  /** The status that a stranger sees. */
  Status status(String userId) {
    return presence(userId).status();
  }

  /** What a requester sees of a user; null if that is nothing. */
  @Nullable Presence seenBy(@Nullable String requester, String userId) {
    return subject.lookup(requester, userId);
  }

  /** Nothing came out but what was asked for. */
  @Override
  public void close() {
    outputs = outputs.and(subject.outputs());
    subject.close();
    assertThat(outputs.changes()).as("other changes").isEmpty();
    assertThat(outputs.states()).as("other states").isEmpty();
    assertThat(outputs.sessions()).as("other closed sessions").isEmpty();
    assertThat(outputs.deadLetters()).as("other dead letters").isEmpty();
    assertThat(outputs.ticks()).as("ticks asked for").isZero();
  }
}
