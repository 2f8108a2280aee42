package io.presence.streams.channels;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.ChannelChange;
import io.presence.schemas.channel.Member;
import io.presence.schemas.event.ChannelEvent;
import io.presence.schemas.event.ChannelEvent.Disconnected;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Heartbeats;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.Tick;
import io.presence.schemas.event.ChannelEvent.Updated;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.EpochSeconds;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
class ChannelSequencesTest {
  private static final long START = 1_764_000_000_000L;
  private static final Duration SHORT = Duration.ofSeconds(3);
  private static final Duration PRODUCTION = Duration.ofSeconds(60);
  private static final List<String> CHANNELS = List.of("room", "doc:1");
  private static final List<String> USERS = List.of("ada", "bob", "eve");

  /** What a sequence is made of. */
  sealed interface Step {}

  /** A record; null is one that is no event. */
  record Sent(long sincePrevious, @Nullable ChannelEvent event) implements Step {}

  /** The task moves. */
  record Restart() implements Step {}

  /** Everyone looks into every channel. */
  record LookUp() implements Step {}

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
  void shouldDoWhatTheModelDoesWithAShortWindow(@ForAll("shortLogs") List<Step> log) {
    hold(SHORT, log);
  }

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.BOUNDED)
  void shouldDoWhatTheModelDoesWithTheWindowOfProduction(@ForAll("productionLogs") List<Step> log) {
    hold(PRODUCTION, log);
  }

  private static void hold(Duration ttl, List<Step> log) {
    NaiveChannels model = new NaiveChannels(ttl);
    Map<String, Long> versions = new HashMap<>();
    try (ChannelSubject subject = new ChannelSubject(ttl, 1)) {
      long clock = START;
      boolean restarted = false;
      for (Step step : log) {
        switch (step) {
          case Sent sent -> {
            clock = Math.max(0, clock + sent.sincePrevious);
            ChannelEvent event = sent.event;
            if (event == null) {
              subject.record(clock, "room", "{".getBytes(StandardCharsets.UTF_8));
              assertThat(subject.deadLetters()).hasSize(1);
            } else {
              subject.event(clock, event);
            }
            model.record(clock, event);
            compare(model.told(), subject.changes(), versions, restarted);
          }
          case Restart restart -> {
            subject.restart();
            model.restart();
            restarted = true;
          }
          case LookUp lookUp -> lookUp(model, subject, versions);
        }
      }
      lookUp(model, subject, versions);
      assertThat(subject.deadLetters()).isEmpty();
    }
  }

  private static void compare(
      List<NaiveChannels.Told> expected,
      List<ChannelChange> changes,
      Map<String, Long> versions,
      boolean restarted) {
    List<NaiveChannels.Told> told = new ArrayList<>();
    for (int i = 0; i < changes.size(); i++) {
      ChannelChange change = changes.get(i);
      Member member = change.member();
      ChannelChange.Reason reason = change.reason();
      Long seen = member.lastSeen();
      // What a restart forgets of when one was seen is bounded, not exact.
      long lastSeen =
          seen == null || (restarted && i < expected.size()) ? expected.get(i).lastSeen() : seen;
      told.add(
          new NaiveChannels.Told(
              change.channelId(),
              change.event().word(),
              member.userId(),
              change.at(),
              member.joinedAt(),
              lastSeen,
              member.metadata(),
              reason == null ? null : reason.word(),
              change.count()));
      Long before = versions.put(change.channelId(), change.version());
      assertThat(change.version()).isGreaterThan(before == null ? 0 : before);
      assertThat(change.version()).isGreaterThanOrEqualTo(change.at());
    }
    assertThat(told).isEqualTo(expected);
  }

  private static void lookUp(
      NaiveChannels model, ChannelSubject subject, Map<String, Long> versions) {
    for (String channel : CHANNELS) {
      for (String requester : List.of("ada", "bob", "eve", "nobody")) {
        JsonNode answer = subject.members(channel, requester);
        List<NaiveChannels.Seen> seen = new ArrayList<>();
        for (JsonNode member : answer.path("members")) {
          JsonNode metadata = member.path("metadata");
          seen.add(
              new NaiveChannels.Seen(
                  member.path("user_id").textValue(),
                  EpochSeconds.parse(member.path("joined_at").asText()),
                  metadata.isNull() ? null : metadata));
        }
        assertThat(seen).isEqualTo(model.members(channel, requester));
        assertThat(answer.path("count").intValue()).isEqualTo(seen.size());
        Long version = versions.get(channel);
        if (version != null) {
          assertThat(answer.path("version").longValue()).isGreaterThanOrEqualTo(version);
        }
      }
    }
  }

  @Provide
  Arbitrary<List<Step>> shortLogs() {
    return logs(SHORT);
  }

  @Provide
  Arbitrary<List<Step>> productionLogs() {
    return logs(PRODUCTION);
  }

  private static Arbitrary<List<Step>> logs(Duration ttl) {
    Arbitrary<Step> sent = Combinators.combine(steps(ttl), events(ttl)).as(Sent::new);
    return Arbitraries.frequencyOf(
            Tuple.of(60, sent),
            Tuple.of(1, Arbitraries.just(new Sent(1, null))),
            Tuple.of(1, Arbitraries.just(new Restart())),
            Tuple.of(3, Arbitraries.just(new LookUp())))
        .list()
        .ofMinSize(1)
        .ofMaxSize(120);
  }

  /** How much later, or earlier, than the one before a record comes. */
  private static Arbitrary<Long> steps(Duration window) {
    long ttl = window.toMillis();
    long stall = Math.min(5_000, ttl / 3);
    return Arbitraries.frequencyOf(
        Tuple.of(6, Arbitraries.just(0L)),
        Tuple.of(4, Arbitraries.longs().between(1, 5)),
        Tuple.of(10, Arbitraries.longs().between(5, stall)),
        Tuple.of(6, Arbitraries.of(stall - 1, stall, stall / 2)),
        Tuple.of(1, Arbitraries.of(stall + 1, ttl / 3, ttl - 1, ttl, ttl + 1)),
        Tuple.of(1, Arbitraries.longs().between(-ttl, -1)),
        Tuple.of(1, Arbitraries.of(3_600_000L, -3_600_000L)));
  }

  private static Arbitrary<ChannelEvent> events(Duration window) {
    long ttl = window.toMillis();
    Arbitrary<String> channel = Arbitraries.of(CHANNELS);
    Arbitrary<String> user = Arbitraries.of(USERS);
    Arbitrary<@Nullable String> session = Arbitraries.of("s1", "s2", "s3").injectNull(0.25);
    Arbitrary<@Nullable JsonNode> metadata =
        Arbitraries.of("{}", "{\"m\":1}", "{\"m\":2}", "{\"a\":[1.5,null],\"b\":{}}")
            .map(text -> ChannelSubject.parse(text.getBytes(StandardCharsets.UTF_8)))
            .injectNull(0.2);
    Arbitrary<Patch<JsonNode>> patch =
        Arbitraries.frequencyOf(
            Tuple.of(2, Arbitraries.just(Patch.<JsonNode>keep())),
            Tuple.of(3, metadata.map(set -> set == null ? Patch.clear() : Patch.set(set))));
    Arbitrary<@Nullable Boolean> hidden = Arbitraries.of(true, false, false).injectNull(0.5);
    Arbitrary<@Nullable Duration> grace =
        Arbitraries.of(0L, 1L, ttl / 3, ttl, 2 * ttl).map(Duration::ofMillis).injectNull(0.3);
    Arbitrary<Heartbeat> heartbeat = Combinators.combine(channel, user, session).as(Heartbeat::new);
    Arbitrary<ChannelEvent> joined =
        Combinators.combine(channel, user, session, patch, hidden).as(Joined::new);
    Arbitrary<ChannelEvent> updated =
        Combinators.combine(channel, user, session, metadata).as(Updated::new);
    Arbitrary<ChannelEvent> left = Combinators.combine(channel, user, session).as(Left::new);
    Arbitrary<ChannelEvent> disconnected =
        Combinators.combine(channel, user, session, grace).as(Disconnected::new);
    return Arbitraries.frequencyOf(
        Tuple.of(14, joined),
        Tuple.of(8, updated),
        Tuple.of(6, heartbeat.map(beat -> beat)),
        Tuple.of(8, heartbeat.list().ofMaxSize(6).map(Heartbeats::new)),
        Tuple.of(5, left),
        Tuple.of(6, disconnected),
        Tuple.of(12, Arbitraries.just(new Tick())));
  }
}
