package io.presence.streams.rules;

import static io.presence.schemas.presence.Status.AWAY;
import static io.presence.schemas.presence.Status.BUSY;
import static io.presence.schemas.presence.Status.OFFLINE;
import static io.presence.schemas.presence.Status.ONLINE;
import static io.presence.streams.rules.Scenario.START;
import static io.presence.streams.rules.Scenario.beat;
import static io.presence.streams.rules.SetTo.busy;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.presence.PresenceChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The clock is the log. */
class PresenceTimeTest {
  private final Scenario log = new Scenario();

  @AfterEach
  void nothingElse() {
    log.close();
  }

  @Test
  void shouldExpireNobodyWhoHasAHeartbeatInItWhenABacklogOfTenMinutesIsReplayed() {
    log.connected("ada", "s1", "web").connected("bob", "s1", "web").forget();

    for (int seconds = 0; seconds < 600; seconds++) {
      log.pass(1);
      if (seconds % 29 == 0) {
        log.heartbeats(beat("ada", "s1", null));
      }
    }

    assertThat(log.changes()).containsExactly("bob: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("bob: s1 on web, timed_out");
    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldTakeNobodyOfflineWhenTheLogHasAHoleOfAMinute() {
    log.connected("ada", "s1", "web").heartbeat("bob", "s1", false).pass(20).forget();

    log.silence(60).tick().pass(29.999);
    assertThat(log.changes()).isEmpty();

    log.heartbeat("ada", "s1").pass(0.001);
    assertThat(log.changes()).containsExactly("bob: away → offline, timed_out");
    assertThat(log.closed()).containsExactly("bob: s1 on web, timed_out");
  }

  @Test
  void shouldKeepNoGhostWhenHolesComeAgainAndAgain() {
    log.connected("ada", "s1", "web").pass(20).forget();

    for (int hole = 0; hole < 6; hole++) {
      log.silence(60).tick();
      assertThat(log.changes()).isEmpty();
    }
    log.silence(60).tick();

    assertThat(log.changes()).containsExactly("ada: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldGrantAgainWhenASessionWasHeardFromBetweenTwoHoles() {
    log.connected("ada", "s1", "web").pass(20).silence(60).tick();
    log.pass(25).heartbeat("ada", "s1").pass(25).forget();

    log.silence(60).tick().pass(29);

    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldGrantBeforeAnythingFiresOnTheRecordAfterTheHole() {
    log.connected("ada", "s1", "web").pass(29).forget();

    log.silence(60).heartbeat("ada", "s1");

    assertThat(log.changes()).isEmpty();
  }

  @Test
  void shouldGrantToASocketThatIsWaitedForWhenTheLogHasAHole() {
    log.connected("ada", "s1", "web").lost("ada", "s1", 10).pass(9).forget();

    log.silence(60).tick().pass(29.999);
    assertThat(log.changes()).isEmpty();

    log.pass(0.001);
    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.closed()).containsExactly("ada: s1 on web, disconnected");
  }

  @Test
  void shouldGrantNothingWhenAStepIsAsLongAsTheThreshold() {
    log.connected("ada", "s1", "web").forget();

    for (int step = 1; step < 6; step++) {
      log.silence(5).tick();
    }
    assertThat(log.changes()).isEmpty();
    log.silence(5).tick();

    assertThat(log.changes()).containsExactly("ada: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldTakeNobodyOfflineWhenTheLogTakesOnlyOthersRecordsAndFewTicks() {
    log.connected("ada", "s1", "web").pass(10).forget();

    // It acknowledges nothing: what is tried again gets in now and then, ticks each six seconds.
    for (int tried = 1; tried <= 12; tried++) {
      log.silence(3).heartbeats(beat("bob", "s1", false));
      if (tried % 2 == 0) {
        log.tick();
      }
    }
    assertThat(log.status("ada")).isEqualTo(ONLINE);

    log.heartbeat("ada", "s1").pass(29.999);
    assertThat(log.status("ada")).isEqualTo(ONLINE);
    log.forget();
  }

  @Test
  void shouldTakeNobodyOfflineByRecordsWithoutTicksThatAnotherTaskReads() {
    log.connected("ada", "s1", "web").pass(10).forget();

    // It acknowledged nothing, its task moved meanwhile, and the new one reads what got in.
    log.restart();
    standStillUntilATickComes();
  }

  @Test
  void shouldStandStillWhenNoTickComesUntilOneComes() {
    log.connected("ada", "s1", "web").pass(10).forget();

    standStillUntilATickComes();
  }

  /** Ada is there as long as only others are heard of, without a tick, and a window after one. */
  private void standStillUntilATickComes() {
    for (int second = 0; second < 300; second++) {
      log.silence(1).heartbeats(beat("bob", "s1", false));
    }
    assertThat(log.status("ada")).isEqualTo(ONLINE);

    log.tick().pass(29.999);
    assertThat(log.status("ada")).isEqualTo(ONLINE);
    log.pass(0.001);
    assertThat(log.status("ada")).isEqualTo(OFFLINE);
    log.forget();
  }

  @Test
  void shouldGoOnWithoutTicksWhereThereNeverWasOne() {
    log.connected("ada", "s1", "web").forget();

    for (int seconds = 1; seconds <= 30; seconds++) {
      log.silence(1).heartbeats(beat("bob", "s1", false));
    }

    assertThat(log.status("ada")).isEqualTo(OFFLINE);
    log.forget();
  }

  @Test
  void shouldGrantNothingToActivityWhenTheLogHasAHole() {
    log.connected("ada", "s1", "web").forget();
    for (int seconds = 0; seconds < 280; seconds += 20) {
      log.pass(20).heartbeat("ada", "s1", false);
    }

    log.pass(18).silence(60).tick();

    assertThat(log.changes()).containsExactly("ada: online → away, idle");
  }

  @Test
  void shouldChangeOnlyTimesShownAndExpiriesWhenABrokersClockJumpsAnHourAheadAndBack() {
    log.connected("ada", "s1", "web").set("ada", busy().expiresIn(600));
    log.connected("bob", "s1", "web").forget();

    log.pass(10).silence(3_600).heartbeats(beat("ada", "s1", null), beat("bob", "s1", null));
    assertThat(log.changes()).containsExactly("ada: busy → online, status_expired");
    assertThat(log.presence("ada").since()).isEqualTo(START + 3_610_000);
    assertThat(log.presence("bob").lastSeen()).isEqualTo(START + 3_610_000);

    log.at(11).heartbeats(beat("ada", "s1", null), beat("bob", "s1", null));
    assertThat(log.presence("bob").lastSeen()).isEqualTo(START + 11_000);

    log.pass(29.999);
    assertThat(log.changes()).isEmpty();
    log.heartbeat("ada", "s1").pass(0.001);
    assertThat(log.changes()).containsExactly("bob: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("bob: s1 on web, timed_out");
  }

  @Test
  void shouldKeepVersionsRisingWhenABrokersClockGoesBack() {
    log.at(3_600).connected("ada", "s1", "web");
    assertThat(log.change().version()).isEqualTo(START + 3_600_000);

    log.at(0).set("ada", busy());
    PresenceChange change = log.change();
    assertThat(change.version()).isEqualTo(START + 3_600_001);
    assertThat(change.at()).isEqualTo(START);
  }

  @Test
  void shouldGiveLivenessToTheLivingAndActivityToTheOnlineWhenATaskMoves() {
    log.connected("ada", "s1", "web").heartbeat("bob", "s1", false);
    for (int seconds = 0; seconds < 280; seconds += 20) {
      log.pass(20).heartbeats(beat("ada", "s1", false), beat("bob", "s1", false));
    }
    log.pass(19).forget();

    log.restart().silence(600).tick().pass(29);
    assertThat(log.changes()).isEmpty();
    assertThat(log.status("ada")).isEqualTo(ONLINE);
    assertThat(log.status("bob")).isEqualTo(AWAY);

    log.heartbeats(beat("ada", "s1", false)).pass(1);
    assertThat(log.changes()).containsExactly("bob: away → offline, timed_out");
    assertThat(log.closed()).containsExactly("bob: s1 on web, timed_out");

    for (int seconds = 30; seconds < 280; seconds += 10) {
      log.pass(10).heartbeats(beat("ada", "s1", false));
    }
    assertThat(log.changes()).isEmpty();
    log.pass(20);
    assertThat(log.changes()).containsExactly("ada: online → away, idle");
  }

  @Test
  void shouldMakeNoStepOnTheFirstRecordWhenATaskStarts() {
    log.connected("ada", "s1", "web").set("ada", busy()).forget();

    log.restart().silence(86_400).tick();

    assertThat(log.changes()).isEmpty();
    assertThat(log.status("ada")).isEqualTo(BUSY);
  }

  @Test
  void shouldFireAtMostFiveThousandBeforeOneRecordAndAskForATickAtOnceWhenMoreAreDue() {
    List<Heartbeat> crowd = new ArrayList<>();
    for (int i = 0; i < 5_001; i++) {
      crowd.add(new Heartbeat(String.format(Locale.ROOT, "u%04d", i), "s1", "web", null));
    }
    log.heartbeats(crowd.toArray(new Heartbeat[0])).pass(26).forget();

    log.silence(4).tick();
    assertThat(log.changes()).hasSize(5_000).last().isEqualTo("u4999: online → offline, timed_out");
    assertThat(log.ticksAskedFor()).isEqualTo(1);
    assertThat(log.status("u5000")).isEqualTo(ONLINE);

    log.tick();
    assertThat(log.changes()).containsExactly("u5000: online → offline, timed_out");
    assertThat(log.status("u5000")).isEqualTo(OFFLINE);
    assertThat(log.closed()).hasSize(5_001);
  }

  @Test
  void shouldHearAHeartbeatThatComesBeforeItsDeadlineCouldFire() {
    List<Heartbeat> crowd = new ArrayList<>();
    for (int i = 0; i < 5_001; i++) {
      crowd.add(new Heartbeat(String.format(Locale.ROOT, "u%04d", i), "s1", "web", null));
    }
    log.heartbeats(crowd.toArray(new Heartbeat[0])).pass(26).forget();

    log.silence(4).heartbeat("u5000", "s1").tick();

    assertThat(log.changes()).hasSize(5_000);
    assertThat(log.closed()).hasSize(5_000);
    assertThat(log.ticksAskedFor()).isEqualTo(1);
    assertThat(log.status("u5000")).isEqualTo(ONLINE);
  }
}
