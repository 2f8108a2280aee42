package io.presence.streams.channels;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.ChannelChange;
import io.presence.schemas.event.ChannelEvent.Disconnected;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Heartbeats;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.Tick;
import io.presence.schemas.event.ChannelEvent.Updated;
import io.presence.schemas.event.ChannelEventCodec;
import io.presence.schemas.json.Patch;
import io.presence.schemas.query.Question;
import io.presence.schemas.topic.Partitioning;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChannelRulesTest {
  private static final long START = 1_764_000_000_000L;

  private final ChannelSubject channels = new ChannelSubject(Duration.ofSeconds(60), 1);
  private long now = START;

  @AfterEach
  void shouldHaveToldNothingElse() {
    assertThat(channels.changes()).isEmpty();
    assertThat(channels.deadLetters()).isEmpty();
    channels.close();
  }

  @Test
  void shouldTellOfTheFirstSessionAndOfTheLast() {
    join("ada", "s1", null);
    told("joined ada 1 null");
    join("ada", "s2", null);
    leave("ada", "s1");
    told();
    leave("ada", "s2");
    told("left ada 0 null left");
    assertThat(channels.entries()).hasSize(1);
  }

  @Test
  void shouldKeepJoinedAtWhileAnySessionStays() {
    join("ada", "s1", null);
    passes(5);
    join("ada", "s2", null);
    leave("ada", "s1");
    JsonNode member = channels.members("room", null).path("members").path(0);
    assertThat(member.path("joined_at").decimalValue().movePointRight(3).longValue())
        .isEqualTo(START);
    assertThat(channels.changes()).hasSize(1);
  }

  @Test
  void shouldSayNothingOfIdenticalWrites() {
    join("ada", "s1", "{\"a\":1,\"b\":2}");
    told("joined ada 1 {\"a\":1,\"b\":2}");
    int logged = channels.logged();
    join("ada", "s1", "{\"b\":2,\"a\":1}");
    update("ada", null, "{\"a\":1,\"b\":2}");
    told();
    assertThat(channels.logged() - logged).isLessThanOrEqualTo(0);
  }

  @Test
  void shouldShowTheMetadataThatWasSetLastAmongThosePresent() {
    join("ada", "s1", "{\"m\":1}");
    join("ada", "s2", "{\"m\":2}");
    join("ada", "s3", null);
    told("joined ada 1 {\"m\":1}", "updated ada 1 {\"m\":2}");
    update("ada", "s1", "{\"m\":3}");
    told("updated ada 1 {\"m\":3}");
    leave("ada", "s1");
    told("updated ada 1 {\"m\":2}");
    leave("ada", "s2");
    told("updated ada 1 null");
    channels.changes();
  }

  @Test
  void shouldUpdateTheSessionOpenedLastWhenNoneIsNamed() {
    join("ada", "s1", "{\"m\":1}");
    join("ada", "s2", "{\"m\":2}");
    update("ada", null, null);
    told("joined ada 1 {\"m\":1}", "updated ada 1 {\"m\":2}", "updated ada 1 null");
  }

  @Test
  void shouldOpenNothingByUpdatesAndHeartbeats() {
    update("ada", "s1", "{\"m\":1}");
    channels.event(now, new Heartbeat("room", "ada", "s1"));
    channels.event(now, new Heartbeats(List.of(new Heartbeat("room", "ada", "s1"))));
    leave("ada", null);
    told();
    assertThat(channels.entries()).isEmpty();
  }

  @Test
  void shouldEndWhoIsNotHeardOf() {
    join("ada", "s1", null);
    join("bob", null, null);
    for (int i = 0; i < 59; i++) {
      passes(1);
    }
    channels.event(now, new Heartbeats(List.of(new Heartbeat("room", "bob", null))));
    told("joined ada 1 null", "joined bob 2 null");
    passes(1);
    told("left ada 1 null timed_out");
  }

  @Test
  void shouldGiveGraceToALostConnectionAndLiftItWhenItIsBack() {
    join("ada", "s1", null);
    join("bob", "s2", null);
    channels.event(now, new Disconnected("room", "ada", "s1", Duration.ofSeconds(3)));
    channels.event(now, new Disconnected("room", "bob", "s2", Duration.ofSeconds(3)));
    channels.event(now, new Heartbeat("room", "bob", "s2"));
    told("joined ada 1 null", "joined bob 2 null");
    passes(1);
    passes(1);
    told();
    passes(1);
    told("left ada 1 null disconnected");
  }

  @Test
  void shouldEndAtOnceWithoutGrace() {
    join("ada", "s1", null);
    channels.event(now, new Disconnected("room", "ada", "s1", null));
    told("joined ada 1 null", "left ada 0 null disconnected");
  }

  @Test
  void shouldEndAllSessionsWhenNoneIsNamed() {
    join("ada", "s1", null);
    join("ada", "s2", null);
    leave("ada", null);
    told("joined ada 1 null", "left ada 0 null left");
  }

  @Test
  void shouldNotEndOneSessionByTheGoodbyeOfAnother() {
    join("ada", "s1", null);
    leave("ada", "s0");
    channels.event(now, new Disconnected("room", "ada", "s0", null));
    told("joined ada 1 null");
    assertThat(channels.members("room", null).path("count").intValue()).isEqualTo(1);
  }

  @Test
  void shouldNotLetOthersSeeWhoIsHidden() {
    hide("eve", "s1", true);
    told();
    assertThat(channels.members("room", "ada").path("members")).isEmpty();
    assertThat(channels.members("room", null).path("count").intValue()).isZero();
    JsonNode own = channels.members("room", "eve");
    assertThat(own.path("count").intValue()).isEqualTo(1);
    assertThat(own.path("members").path(0).path("user_id").textValue()).isEqualTo("eve");
    leave("eve", "s1");
    told();
  }

  @Test
  void shouldShowOnlyTheSessionsThatAreNotHidden() {
    hide("eve", "s1", true);
    join("eve", "s2", "{\"m\":2}");
    told("joined eve 1 {\"m\":2}");
    update("eve", "s1", "{\"m\":\"secret\"}");
    told();
    leave("eve", "s2");
    told("left eve 0 {\"m\":2} left");
  }

  @Test
  void shouldLeaveAndJoinForOthersWhenHiddenAndShownAgain() {
    join("eve", "s1", null);
    hide("eve", "s1", true);
    told("joined eve 1 null", "left eve 0 null left");
    passes(1);
    join("eve", "s1", null);
    told();
    hide("eve", "s1", false);
    ChannelChange joined = channels.changes().getFirst();
    assertThat(joined.member().joinedAt()).isEqualTo(now);
  }

  @Test
  void shouldNotMoveLastSeenByHiddenSessions() {
    join("eve", "s1", null);
    hide("eve", "s2", true);
    passes(5);
    channels.event(now, new Heartbeat("room", "eve", "s2"));
    JsonNode member = channels.members("room", null).path("members").path(0);
    assertThat(member.path("last_seen").decimalValue().movePointRight(3).longValue())
        .isEqualTo(START);
    channels.event(now, new Heartbeat("room", "eve", "s1"));
    member = channels.members("room", null).path("members").path(0);
    assertThat(member.path("last_seen").decimalValue().movePointRight(3).longValue())
        .isEqualTo(now);
    told("joined eve 1 null");
  }

  @Test
  void shouldEndNobodyByAnOutageOfTheLog() {
    join("ada", "s1", null);
    passes(3_600);
    for (int i = 0; i < 59; i++) {
      passes(1);
    }
    told("joined ada 1 null");
    passes(1);
    told("left ada 0 null timed_out");
  }

  @Test
  void shouldGiveEveryoneAWholeWindowWhenTakenUp() {
    join("ada", "s1", "{\"m\":1}");
    for (int i = 0; i < 50; i++) {
      passes(1);
    }
    channels.restart();
    told("joined ada 1 {\"m\":1}");
    assertThat(channels.members("room", null).path("count").intValue()).isEqualTo(1);
    passes(1);
    for (int i = 0; i < 59; i++) {
      passes(1);
    }
    told();
    passes(1);
    told("left ada 0 {\"m\":1} timed_out");
  }

  @Test
  void shouldGrowVersionsAlsoWhereEmptiedInTheSameMillisecondAndTakenUpAgain() {
    long last = 0;
    for (int round = 0; round < 3; round++) {
      join("ada", "s1", null);
      leave("ada", null);
      channels.restart();
      for (ChannelChange change : channels.changes()) {
        assertThat(change.version()).isGreaterThan(last);
        last = change.version();
      }
    }
    assertThat(last).isGreaterThan(now);
  }

  @Test
  void shouldPageInTheOrderOfIds() {
    for (String user : List.of("d", "b", "a", "c", "e")) {
      join(user, null, null);
    }
    hide("bb", null, true);
    channels.changes();
    JsonNode first = channels.ask(new Question.Members("room", null, 2, null));
    assertThat(first.path("members").findValuesAsText("user_id")).containsExactly("a", "b");
    assertThat(first.path("next").textValue()).isEqualTo("b");
    assertThat(first.path("count").intValue()).isEqualTo(5);
    JsonNode last = channels.ask(new Question.Members("room", null, 3, "b"));
    assertThat(last.path("members").findValuesAsText("user_id")).containsExactly("c", "d", "e");
    assertThat(last.has("next")).isFalse();
    assertThat(channels.ask(new Question.Count("nowhere", null)).path("count").intValue()).isZero();
  }

  @Test
  void shouldRefuseMoreSessionsThanThereMayBe() {
    for (int i = 0; i < 100; i++) {
      join("ada", "s" + i, null);
    }
    told("joined ada 1 null");
    join("ada", "more", null);
    assertThat(channels.deadLetters()).hasSize(1);
    join("ada", "s7", null);
  }

  @Test
  void shouldSetAsideWhatIsBrokenAndGoOn() {
    for (String value :
        List.of(
            "",
            "{",
            "[]",
            "{\"type\":\"vanished\"}",
            "{\"type\":\"joined\",\"channel_id\":\"room\",\"user_id\":\"a b\"}",
            "{\"type\":\"joined\",\"channel_id\":\"other\",\"user_id\":\"ada\"}",
            "{\"type\":\"joined\",\"channel_id\":\"room\",\"user_id\":\"ada\",\"metadata\":{\"a\":1e9999999999}}",
            "{\"type\":\"joined\",\"channel_id\":\"room\",\"user_id\":\"ada\",\"metadata\":"
                + "{\"a\":".repeat(400)
                + "1"
                + "}".repeat(400)
                + "}",
            "{\"type\":\"joined\",\"channel_id\":\"room\",\"user_id\":\"ada\",\"metadata\":{\"a\":\""
                + "x".repeat(4_096)
                + "\"}}",
            "{\"type\":\"heartbeats\",\"entries\":[[\"room\"]]}")) {
      channels.record(now, "room", value.getBytes(StandardCharsets.UTF_8));
      assertThat(channels.deadLetters()).as(value).containsExactly(value);
    }
    channels.record(now, null, ChannelEventCodec.write(new Left("room", "ada", null)));
    channels.record(now, "room", null);
    assertThat(channels.deadLetters()).hasSize(2);
    join("ada", "s1", "{\"n\":1e400}");
    assertThat(channels.changes()).hasSize(1);
  }

  @Test
  void shouldSetAsideWhatBelongsElsewhere() {
    try (ChannelSubject one = new ChannelSubject(Duration.ofSeconds(60), 8)) {
      String here = id(0);
      String elsewhere = id(1);
      one.event(now, new Joined(elsewhere, "ada", null, Patch.keep(), null));
      assertThat(one.deadLetters()).hasSize(1);
      one.event(now, new Joined(here, "ada", null, Patch.keep(), null));
      one.event(
          now,
          new Heartbeats(
              List.of(new Heartbeat(here, "ada", null), new Heartbeat(elsewhere, "ada", null))));
      assertThat(one.deadLetters())
          .containsExactly(
              new String(
                  ChannelEventCodec.write(
                      new Heartbeats(List.of(new Heartbeat(elsewhere, "ada", null)))),
                  StandardCharsets.UTF_8));
      assertThat(one.changes()).hasSize(1);
    }
  }

  @Test
  void shouldEndSoManyBeforeOneRecordAndAskForATick() {
    for (int i = 0; i < 5_001; i++) {
      join("u" + i, null, null);
    }
    channels.changes();
    for (int i = 0; i < 59; i++) {
      passes(1);
    }
    channels.ticks();
    passes(1);
    assertThat(channels.changes()).hasSize(5_000);
    assertThat(channels.ticks()).isEqualTo(1);
    passes(0);
    assertThat(channels.changes()).hasSize(1);
  }

  @Test
  void shouldWriteNothingForHeartbeats() {
    join("ada", "s1", null);
    channels.logged();
    for (int i = 0; i < 10; i++) {
      channels.event(now, new Heartbeats(List.of(new Heartbeat("room", "ada", "s1"))));
    }
    assertThat(channels.logged()).isZero();
    told("joined ada 1 null");
  }

  static String id(int partition) {
    for (int i = 0; ; i++) {
      if (Partitioning.partitionOf("room" + i, 8) == partition) {
        return "room" + i;
      }
    }
  }

  private void passes(long seconds) {
    now += 1_000 * seconds;
    channels.event(now, new Tick());
  }

  private void join(String user, @Nullable String session, @Nullable String metadata) {
    channels.event(
        now,
        new Joined(
            "room",
            user,
            session,
            metadata == null ? Patch.keep() : Patch.set(json(metadata)),
            null));
  }

  private void hide(String user, @Nullable String session, boolean hidden) {
    channels.event(now, new Joined("room", user, session, Patch.keep(), hidden));
  }

  private void update(String user, @Nullable String session, @Nullable String metadata) {
    channels.event(
        now, new Updated("room", user, session, metadata == null ? null : json(metadata)));
  }

  private void leave(String user, @Nullable String session) {
    channels.event(now, new Left("room", user, session));
  }

  private void told(String... expected) {
    assertThat(channels.changes().stream().map(ChannelRulesTest::text)).containsExactly(expected);
  }

  private static String text(ChannelChange change) {
    ChannelChange.Reason reason = change.reason();
    return change.event().word()
        + " "
        + change.member().userId()
        + " "
        + change.count()
        + " "
        + change.member().metadata()
        + (reason == null ? "" : " " + reason.word());
  }

  private static JsonNode json(String text) {
    return ChannelSubject.parse(text.getBytes(StandardCharsets.UTF_8));
  }
}
