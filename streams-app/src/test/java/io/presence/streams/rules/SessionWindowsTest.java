package io.presence.streams.rules;

import static io.presence.schemas.presence.Status.AWAY;
import static io.presence.schemas.presence.Status.OFFLINE;
import static io.presence.schemas.presence.Status.ONLINE;
import static io.presence.streams.rules.Scenario.START;
import static io.presence.streams.rules.Scenario.beat;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.OfSession;
import io.presence.schemas.event.Scope;
import io.presence.schemas.json.Patch;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Presence is two session windows: one of liveness, one of activity. */
class SessionWindowsTest {
  private final Scenario log = new Scenario();

  @AfterEach
  void nothingElse() {
    log.close();
  }

  @Test
  void shouldBeOnlineWhenBothWindowsAreOpen() {
    log.connected("ada", "s1", "web");

    assertThat(log.changes()).containsExactly("ada: offline → online, connected");
    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldBeAwayWhenOnlyTheLivenessWindowIsOpen() {
    log.connected("ada", "s1", "web").forget();

    for (int seconds = 20; seconds < 300; seconds += 20) {
      log.pass(20).heartbeat("ada", "s1", false);
    }
    log.pass(19.999);
    assertThat(log.changes()).isEmpty();

    log.pass(0.001);
    assertThat(log.changes()).containsExactly("ada: online → away, idle");
    assertThat(log.status("ada")).isEqualTo(AWAY);
  }

  @Test
  void shouldBeGoneWhenNeitherWindowIsOpen() {
    log.connected("ada", "s1", "web").forget();

    log.pass(29.999);
    assertThat(log.changes()).isEmpty();

    log.pass(0.001);
    assertThat(log.changes()).containsExactly("ada: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
    assertThat(log.status("ada")).isEqualTo(OFFLINE);
  }

  @Test
  void shouldStayOpenWhenHeartbeatsComeLessThanTheTtlApart() {
    log.connected("ada", "s1", "web").forget();

    for (int i = 0; i < 40; i++) {
      log.pass(29.999).heartbeat("ada", "s1");
    }

    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldCloseBeforeTheHeartbeatWhenThatComesOneTtlLater() {
    log.connected("ada", "s1", "web").forget();

    log.pass(26).silence(4).heartbeat("ada", "s1");

    assertThat(log.changes())
        .containsExactly("ada: online → offline, timed_out", "ada: offline → online, heartbeat");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldBeOnlineWhenAnySessionIs() {
    log.heartbeat("ada", "s1", false);
    assertThat(log.changes()).containsExactly("ada: offline → away, heartbeat");

    log.connected("ada", "s2", "ios");
    assertThat(log.changes()).containsExactly("ada: away → online, connected");

    log.goodbye("ada", "s2");
    assertThat(log.changes()).containsExactly("ada: online → away, disconnected");
    assertThat(log.closed()).containsExactly("ada: s2 on ios, disconnected");
  }

  @Test
  void shouldBeOfflineWhenTheLastSessionIsGone() {
    log.connected("ada", "s1", "web").connected("ada", "s2", "web").forget();

    log.goodbye("ada", "s1");
    assertThat(log.changes()).isEmpty();
    assertThat(log.closed()).containsExactly("ada: s1 on web, disconnected");

    log.goodbye("ada", "s2");
    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.closed()).containsExactly("ada: s2 on web, disconnected");
  }

  @Test
  void shouldBeActiveWhenASessionConnectsAgain() {
    log.heartbeat("ada", "s1", false).forget();

    log.connected("ada", "s1", null);

    assertThat(log.changes()).containsExactly("ada: away → online, connected");
  }

  @Test
  void shouldBeActiveWhenASessionSaysOnline() {
    log.heartbeat("ada", "s1", false).forget();

    log.set("ada", "s1", SetTo.online());

    assertThat(log.changes()).containsExactly("ada: away → online, active");
  }

  @Test
  void shouldBeActiveOnActivity() {
    log.heartbeat("ada", "s1", false).forget();

    log.activity("ada", "s1");

    assertThat(log.changes()).containsExactly("ada: away → online, active");
  }

  @Test
  void shouldBeActiveWhenAHeartbeatSaysSo() {
    log.heartbeat("ada", "s1", false).forget();

    log.heartbeat("ada", "s1", true);

    assertThat(log.changes()).containsExactly("ada: away → online, active");
  }

  @Test
  void shouldNotBeActiveWhenAHeartbeatSaysThatItIsNot() {
    log.heartbeat("ada", "s1", false);
    assertThat(log.changes()).containsExactly("ada: offline → away, heartbeat");

    log.pass(1).heartbeat("ada", "s1", false);

    assertThat(log.status("ada")).isEqualTo(AWAY);
  }

  @Test
  void shouldBeActiveWhenAHeartbeatDoesNotSay() {
    log.heartbeat("ada", "s1", false).forget();

    log.heartbeat("ada", "s1");

    assertThat(log.changes()).containsExactly("ada: away → online, active");
  }

  @Test
  void shouldStayAwayWhenASessionDeclaredItAndAHeartbeatDoesNotSay() {
    log.connected("ada", "s1", "web").forget();

    log.set("ada", "s1", SetTo.away());
    assertThat(log.changes()).containsExactly("ada: online → away, idle");

    log.heartbeat("ada", "s1").heartbeats(beat("ada", "s1", null));
    assertThat(log.status("ada")).isEqualTo(AWAY);
  }

  @Test
  void shouldTakeBackADeclaredAwayWhenTheSessionSaysOnline() {
    log.connected("ada", "s1", "web").set("ada", "s1", SetTo.away()).forget();

    log.set("ada", "s1", SetTo.online());
    assertThat(log.changes()).containsExactly("ada: away → online, active");
  }

  @Test
  void shouldTakeBackADeclaredAwayOnActivity() {
    log.connected("ada", "s1", "web").set("ada", "s1", SetTo.away()).forget();

    log.activity("ada", "s1");
    assertThat(log.changes()).containsExactly("ada: away → online, active");
  }

  @Test
  void shouldTakeBackADeclaredAwayWhenAHeartbeatIsActive() {
    log.connected("ada", "s1", "web").set("ada", "s1", SetTo.away()).forget();

    log.heartbeat("ada", "s1", true);
    assertThat(log.changes()).containsExactly("ada: away → online, active");

    log.pass(20).heartbeat("ada", "s1");
    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  static OfSession[] eventsThatNameASession() {
    return new OfSession[] {
      new Connected("ada", "s1", "web", Patch.keep()),
      new Heartbeat("ada", "s1", null, null),
      new Heartbeat("ada", "s1", null, true),
      new Heartbeat("ada", "s1", null, false),
      new Activity("ada", "s1", null),
      SetTo.online().by("ada", "s1", Scope.USER),
      SetTo.online().by("ada", "s1", Scope.SESSION),
      SetTo.online().text("hi").noText().by("ada", "s1", Scope.SESSION)
    };
  }

  @ParameterizedTest
  @MethodSource("eventsThatNameASession")
  void shouldFeedLivenessAndLastSeenWhenAnEventNamesASession(OfSession event) {
    log.connected("ada", "s1", "web").forget();

    log.pass(20).send(event).pass(29.999);
    assertThat(log.changes()).isEmpty();
    assertThat(log.presence("ada").lastSeen()).isEqualTo(START + 20_000);

    log.pass(0.001);
    assertThat(log.changes()).containsExactly("ada: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldNotFeedASessionWhenAnEventNamesNone() {
    log.connected("ada", "s1", "web").forget();

    log.pass(20).set("ada", SetTo.online()).addContact("bob", "ada").forget();

    assertThat(log.presence("ada").lastSeen()).isEqualTo(START);
    log.pass(10);
    assertThat(log.changes()).containsExactly("ada: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldNameASessionByItsDeviceWhenItHasNoId() {
    log.connected("ada", null, "web").connected("ada", null, null).forget();

    log.goodbyeOfAll("ada");

    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.closed())
        .containsExactly(
            "ada: device:web on web, disconnected", "ada: device:default on default, disconnected");
  }

  @Test
  void shouldFireInTheOrderOfDeadlineUserSessionWhenManyAreDue() {
    log.connected("bob", "s1", "web").connected("ada", "s2", "ios").connected("ada", "s1", "web");
    log.pass(1).connected("aaron", "s1", "web").forget();

    log.pass(25).silence(5).tick();

    assertThat(log.closed())
        .containsExactly(
            "ada: s1 on web, timed_out",
            "ada: s2 on ios, timed_out",
            "bob: s1 on web, timed_out",
            "aaron: s1 on web, timed_out");
    assertThat(log.changes())
        .containsExactly(
            "ada: online → online, devices",
            "ada: online → offline, timed_out",
            "bob: online → offline, timed_out",
            "aaron: online → offline, timed_out");
  }

  @Test
  void shouldShowEachDeviceWithTheBestOfItsSessions() {
    log.heartbeat("ada", "s1", false)
        .connected("ada", "s2", "web")
        .heartbeats(new Heartbeat("ada", "s3", "ios", false));

    assertThat(log.presence("ada").devices()).isEqualTo(Map.of("web", ONLINE, "ios", AWAY));
    assertThat(log.changes())
        .containsExactly(
            "ada: offline → away, heartbeat",
            "ada: away → online, connected",
            "ada: online → online, devices");
  }
}
