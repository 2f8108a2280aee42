package io.presence.streams.rules;

import static io.presence.schemas.presence.Status.OFFLINE;
import static io.presence.schemas.presence.Status.ONLINE;
import static io.presence.streams.rules.Scenario.START;
import static io.presence.streams.rules.Scenario.beat;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.Reason;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How sessions end, and how they do not. */
class LeavingTest {
  private final Scenario log = new Scenario();

  @AfterEach
  void nothingElse() {
    log.close();
  }

  @Test
  void shouldEndAtOnceOnGoodbye() {
    log.connected("ada", "s1", "web").pass(7).forget();

    log.goodbye("ada", "s1");

    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.closedSession())
        .isEqualTo(new ClosedSession("s1", "web", START, START + 7_000, Reason.DISCONNECTED));
  }

  @Test
  void shouldEndAfterTheGraceWhenALostSocketDoesNotComeBack() {
    log.connected("ada", "s1", "web").pass(10).forget();

    log.lost("ada", "s1", 10).pass(9.999);
    assertThat(log.changes()).isEmpty();

    log.pass(0.001);
    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.closed()).containsExactly("ada: s1 on web, disconnected");
  }

  @Test
  void shouldLiftTheGraceWhenAHeartbeatOfThatSessionComes() {
    log.connected("ada", "s1", "web").forget();

    log.lost("ada", "s1", 10).pass(9).heartbeat("ada", "s1").pass(29.999);
    assertThat(log.changes()).isEmpty();

    log.pass(0.001);
    assertThat(log.changes()).containsExactly("ada: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldCountTheGraceFromNowWhenTheLastHeartbeatIsOld() {
    log.connected("ada", "s1", "web").pass(29).forget();

    log.lost("ada", "s1", 10).pass(9);

    assertThat(log.changes()).isEmpty();
    log.heartbeat("ada", "s1");
  }

  @Test
  void shouldGiveTheWholeTtlWhenAGatewayDrains() {
    log.connected("ada", "s1", "web").pass(20).forget();

    log.lost("ada", "s1", 30).pass(29.999);
    assertThat(log.changes()).isEmpty();

    log.pass(0.001);
    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.closed()).containsExactly("ada: s1 on web, disconnected");
  }

  @Test
  void shouldGiveNoMoreThanTheTtlAsGrace() {
    log.connected("ada", "s1", "web").forget();

    log.lost("ada", "s1", 3_600).pass(30);

    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.closed()).containsExactly("ada: s1 on web, disconnected");
  }

  @Test
  void shouldLeaveTheNewSessionWhenAnOldOneDisconnects() {
    log.connected("ada", "old", "web").pass(1).connected("ada", "new", "web").forget();

    log.goodbye("ada", "old");

    assertThat(log.changes()).isEmpty();
    assertThat(log.closed()).containsExactly("ada: old on web, disconnected");
    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldLeaveTheNewSessionWhenTheOldOneIsLongGone() {
    log.connected("ada", "old", "web").pass(30).connected("ada", "new", "web").forget();

    log.goodbye("ada", "old").lost("ada", "old", 10).pass(10);

    assertThat(log.changes()).isEmpty();
    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldIgnoreHeartbeatsThatComeAfterAGoodbye() {
    log.connected("ada", "s1", "web").goodbye("ada", "s1").forget();

    log.pass(1).heartbeats(beat("ada", "s1", true)).heartbeat("ada", "s1").activity("ada", "s1");

    assertThat(log.changes()).isEmpty();
    assertThat(log.status("ada")).isEqualTo(OFFLINE);
    assertThat(log.presence("ada").lastSeen()).isEqualTo(START);
  }

  @Test
  void shouldIgnoreHeartbeatsWhenTheGoodbyeOvertookTheFirstOne() {
    log.goodbye("ada", "s1").heartbeats(beat("ada", "s1", null));

    assertThat(log.changes()).isEmpty();
    assertThat(log.seenBy("ada", "ada")).isNull();
  }

  @Test
  void shouldRememberAGoodbyeForOneTtl() {
    log.connected("ada", "s1", "web").goodbye("ada", "s1").forget();

    log.pass(29.999).heartbeat("ada", "s1");
    assertThat(log.changes()).isEmpty();

    log.pass(0.001).heartbeat("ada", "s1");
    assertThat(log.changes()).containsExactly("ada: offline → online, heartbeat");
  }

  @Test
  void shouldReopenWhenASessionConnectsAfterItsGoodbye() {
    log.connected("ada", "s1", "web").goodbye("ada", "s1").forget();

    log.connected("ada", "s1", "web");
    assertThat(log.changes()).containsExactly("ada: offline → online, connected");

    log.pass(20).heartbeat("ada", "s1").pass(20);
    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldReopenOnAnyHeartbeatWhenASessionTimedOut() {
    log.connected("ada", "s1", "web").pass(30).forget();

    log.heartbeats(beat("ada", "s1", false));

    assertThat(log.changes()).containsExactly("ada: offline → away, heartbeat");
  }

  @Test
  void shouldReopenOnAHeartbeatWhenTheGraceRanOut() {
    log.connected("ada", "s1", "web").lost("ada", "s1", 5).pass(5).forget();

    log.heartbeat("ada", "s1");

    assertThat(log.changes()).containsExactly("ada: offline → online, heartbeat");
  }

  @Test
  void shouldEndAllWhenNeitherSessionNorDeviceIsNamed() {
    log.connected("ada", "s1", "web").connected("ada", "s2", "ios").forget();

    log.pass(1).goodbyeOfAll("ada").heartbeats(beat("ada", "s1", true), beat("ada", "s2", true));

    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.closed())
        .containsExactly("ada: s1 on web, disconnected", "ada: s2 on ios, disconnected");
    assertThat(log.presence("ada").lastSeen()).isEqualTo(START);
  }

  @Test
  void shouldGiveEachSessionTheGraceWhenAllAreLost() {
    log.connected("ada", "s1", "web").connected("ada", "s2", "ios").forget();

    log.send(new Disconnected("ada", null, null, Duration.ofSeconds(10), true));
    log.pass(5).heartbeat("ada", "s2").pass(5);

    assertThat(log.changes()).containsExactly("ada: online → online, devices");
    assertThat(log.closed()).containsExactly("ada: s1 on web, disconnected");
  }
}
