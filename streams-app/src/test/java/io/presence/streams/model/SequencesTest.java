package io.presence.streams.model;

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
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEvent.Tick;
import io.presence.schemas.event.PresenceEvent.VisibilitySet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.Reason;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import io.presence.schemas.topic.Partitioning;
import io.presence.streams.TopologySubject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import org.jspecify.annotations.Nullable;

/** Random logs, through the topology that production runs and through the model. */
class SequencesTest {
  private static final long START = 1_764_000_000_000L;

  /** Ids that belong to the partition, and one that does not. */
  private static final List<String> USERS = ids(true, 4);

  private static final String ELSEWHERE = ids(false, 1).get(0);
  private static final List<String> SESSIONS = List.of("s1", "s2", "s3");
  private static final List<String> DEVICES = List.of("web", "ios", "tv");

  /** What a sequence is made of. */
  sealed interface Step {}

  /** A record. */
  record Sent(long sincePrevious, @Nullable String key, @Nullable String value) implements Step {}

  /** A record without its time. */
  private record Value(@Nullable String key, @Nullable String value) {}

  private record Named(String userId, @Nullable String sessionId, @Nullable String device) {}

  /** The task moves. */
  record Restart() implements Step {}

  /** Everyone looks everyone up. */
  record LookUp() implements Step {}

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
  void shouldDoWhatTheModelDoesWithShortWindows(@ForAll("shortLogs") List<Step> log) {
    hold(Rules.SHORT, log);
  }

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
  void shouldDoWhatTheModelDoesWithTheWindowsOfProduction(
      @ForAll("productionLogs") List<Step> log) {
    hold(Rules.DEFAULT, log);
  }

  private static void hold(Rules rules, List<Step> log) {
    try (Held held = new Held(new TopologySubject(rules), new NaiveModel(rules))) {
      Ledger ledger = new Ledger();
      long clock = START;
      for (Step step : log) {
        switch (step) {
          case Sent sent -> {
            clock = Math.max(0, clock + sent.sincePrevious);
            String value = sent.value;
            held.record(
                clock, sent.key, value == null ? null : value.getBytes(StandardCharsets.UTF_8));
          }
          case Restart restart -> {
            ledger.add(held.outputs());
            held.restart();
          }
          case LookUp lookUp -> {
            ledger.add(held.outputs());
            ledger.check(held);
          }
        }
      }
      ledger.add(held.outputs());
      ledger.check(held);
    }
  }

  /** What was told of each user last, and what must hold between one change and the next. */
  private static final class Ledger {
    private final Map<String, PresenceChange> last = new HashMap<>();

    void add(Outputs outputs) {
      for (PresenceChange change : outputs.changes()) {
        PresenceChange before = last.put(change.userId(), change);
        assertThat(change.from()).isEqualTo(before == null ? Status.OFFLINE : before.to());
        if (before != null) {
          assertThat(change.version()).isGreaterThan(before.version());
        }
        Presence presence = change.presence();
        assertThat(presence == null).isEqualTo(change.reason() == Reason.ERASED);
        if (presence != null) {
          assertThat(presence.version()).isEqualTo(change.version());
          assertThat(presence.status()).isEqualTo(change.to());
        }
      }
    }

    void check(Held held) {
      for (String user : USERS) {
        for (String requester : USERS) {
          check(user, held.lookup(requester, user));
        }
        check(user, held.lookup(null, user));
      }
    }

    private void check(String user, @Nullable Presence seen) {
      if (seen != null) {
        Presence told = Objects.requireNonNull(last.get(user)).presence();
        assertThat(seen).usingRecursiveComparison().ignoringFields("lastSeen").isEqualTo(told);
      }
    }
  }

  @Provide
  Arbitrary<List<Step>> shortLogs() {
    return logs(Rules.SHORT);
  }

  @Provide
  Arbitrary<List<Step>> productionLogs() {
    return logs(Rules.DEFAULT);
  }

  private static Arbitrary<List<Step>> logs(Rules rules) {
    Arbitrary<Step> sent =
        Combinators.combine(steps(rules), records(rules))
            .as((since, record) -> new Sent(since, record.key(), record.value()));
    Arbitrary<Step> any =
        Arbitraries.frequencyOf(
            Tuple.of(60, sent),
            Tuple.of(1, Arbitraries.just(new Restart())),
            Tuple.of(3, Arbitraries.just(new LookUp())));
    return any.list().ofMinSize(1).ofMaxSize(120);
  }

  /** How much later, or earlier, than the one before a record comes. */
  private static Arbitrary<Long> steps(Rules rules) {
    long ttl = rules.heartbeatTtl();
    long stall = rules.stallThreshold();
    return Arbitraries.frequencyOf(
        Tuple.of(6, Arbitraries.just(0L)),
        Tuple.of(4, Arbitraries.longs().between(1, 5)),
        Tuple.of(10, Arbitraries.longs().between(5, stall)),
        Tuple.of(6, Arbitraries.of(stall - 1, stall, stall / 2)),
        Tuple.of(1, Arbitraries.of(stall + 1, ttl / 3, ttl - 1, ttl, ttl + 1)),
        Tuple.of(1, Arbitraries.of(rules.awayAfter(), 60_000L, 600_000L)),
        Tuple.of(1, Arbitraries.longs().between(-ttl, -1)),
        Tuple.of(1, Arbitraries.of(3_600_000L, -3_600_000L)));
  }

  private static Arbitrary<Value> records(Rules rules) {
    Arbitrary<Value> good = events(rules).map(event -> new Value(key(event), json(event)));
    Arbitrary<Value> misplaced =
        Combinators.combine(
                events(rules).filter(event -> event instanceof OfUser),
                Arbitraries.of(USERS.get(0), USERS.get(1), ELSEWHERE).injectNull(0.3))
            .as((event, key) -> new Value(key, json(event)));
    Arbitrary<Value> broken =
        Combinators.combine(
                Arbitraries.of(USERS).injectNull(0.3),
                Arbitraries.of(
                        "",
                        "{",
                        "[]",
                        "null",
                        "{\"type\":\"unheard\"}",
                        "{\"type\":\"connected\"}",
                        "{\"type\":\"heartbeats\",\"entries\":[[\"a\"]]}")
                    .injectNull(0.2))
            .as(Value::new);
    return Arbitraries.frequencyOf(Tuple.of(40, good), Tuple.of(1, misplaced), Tuple.of(1, broken));
  }

  private static @Nullable String key(PresenceEvent event) {
    return event instanceof OfUser ofUser ? ofUser.userId() : null;
  }

  private static String json(PresenceEvent event) {
    return new String(PresenceEventCodec.write(event), StandardCharsets.UTF_8);
  }

  private static Arbitrary<PresenceEvent> events(Rules rules) {
    long ttl = rules.heartbeatTtl();
    Arbitrary<String> user =
        Arbitraries.frequencyOf(
            Tuple.of(100, Arbitraries.of(USERS)), Tuple.of(1, Arbitraries.just(ELSEWHERE)));
    Arbitrary<@Nullable String> session = Arbitraries.of(SESSIONS).injectNull(0.2);
    Arbitrary<@Nullable String> device = Arbitraries.of(DEVICES).injectNull(0.3);
    Arbitrary<@Nullable Boolean> active = Arbitraries.of(true, false).injectNull(0.4);
    Arbitrary<Heartbeat> heartbeat =
        Combinators.combine(user, session, device, active).as(Heartbeat::new);
    Arbitrary<Patch<String>> text =
        Arbitraries.of(
            Patch.<String>keep(),
            Patch.keep(),
            Patch.keep(),
            Patch.clear(),
            Patch.set("hello"),
            Patch.set("at lunch"));
    Arbitrary<Patch<String>> word =
        Arbitraries.of(
            Patch.<String>keep(),
            Patch.keep(),
            Patch.clear(),
            Patch.set("focus"),
            Patch.set("in_call"));
    Arbitrary<@Nullable Duration> expiry =
        Arbitraries.of(1L, 1_000L, ttl / 3, ttl, 2 * ttl, 600_000L)
            .map(Duration::ofMillis)
            .injectNull(0.5);
    Arbitrary<Patch<Duration>> textExpiry =
        Arbitraries.frequencyOf(
            Tuple.of(3, Arbitraries.just(Patch.<Duration>keep())),
            Tuple.of(2, expiry.map(in -> in == null ? Patch.clear() : Patch.set(in))));
    Arbitrary<@Nullable Duration> grace =
        Arbitraries.of(0L, 1L, ttl / 3, ttl, 2 * ttl).map(Duration::ofMillis).injectNull(0.4);
    Arbitrary<String> contact = Arbitraries.of(USERS);
    Arbitrary<Set<String>> contacts = contact.set().ofMaxSize(4).map(LinkedHashSet::new);

    Arbitrary<PresenceEvent> connected =
        Combinators.combine(user, session, device, text).as(Connected::new);
    Arbitrary<PresenceEvent> single = heartbeat.map(beat -> beat);
    Arbitrary<PresenceEvent> batch = heartbeat.list().ofMaxSize(6).map(Heartbeats::new);
    Arbitrary<PresenceEvent> activity =
        Combinators.combine(user, session, device).as(Activity::new);
    Arbitrary<PresenceEvent> status =
        Combinators.combine(
                Combinators.combine(user, session, device).as(Named::new),
                Arbitraries.of(SetStatus.class),
                Arbitraries.of(Scope.class),
                text,
                textExpiry,
                word,
                expiry)
            .as(
                (who, set, scope, customStatus, customStatusExpiry, does, expires) ->
                    new StatusSet(
                        who.userId(),
                        who.sessionId(),
                        who.device(),
                        set,
                        scope,
                        customStatus,
                        customStatusExpiry,
                        does,
                        expires));
    Arbitrary<PresenceEvent> disconnected =
        Combinators.combine(user, session, device, grace, Arbitraries.of(false, false, false, true))
            .as(Disconnected::new);
    Arbitrary<PresenceEvent> visibility =
        Combinators.combine(user, Arbitraries.of(Visibility.class)).as(VisibilitySet::new);
    Arbitrary<PresenceEvent> added = Combinators.combine(user, contact).as(ContactAdded::new);
    Arbitrary<PresenceEvent> removed = Combinators.combine(user, contact).as(ContactRemoved::new);
    Arbitrary<PresenceEvent> set = Combinators.combine(user, contacts).as(ContactsSet::new);
    return Arbitraries.frequencyOf(
        Tuple.of(8, connected),
        Tuple.of(8, single),
        Tuple.of(10, batch),
        Tuple.of(4, activity),
        Tuple.of(14, status),
        Tuple.of(7, disconnected),
        Tuple.of(4, visibility),
        Tuple.of(2, added),
        Tuple.of(2, removed),
        Tuple.of(1, set),
        Tuple.of(1, user.map(Erased::new)),
        Tuple.of(12, Arbitraries.just(new Tick())));
  }

  private static List<String> ids(boolean here, int count) {
    return IntStream.iterate(1, i -> i + 1)
        .mapToObj(i -> "u" + i)
        .filter(id -> (Partitioning.partitionOf(id, Rules.DEFAULT.partitions()) == 0) == here)
        .limit(count)
        .toList();
  }
}
