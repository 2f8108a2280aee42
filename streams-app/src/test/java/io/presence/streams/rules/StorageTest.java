package io.presence.streams.rules;

import static io.presence.streams.rules.Scenario.beat;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is written to changelogs. */
class StorageTest {
  private final Scenario log = new Scenario();

  @AfterEach
  void nothingElse() {
    log.close();
  }

  @Test
  void shouldWriteNothingWhenHeartbeatsComeWithinASecond() {
    log.connected("ada", "s1", "web").connected("bob", "s1", "web").forget();
    assertThat(log.written()).isEqualTo(2);

    for (int i = 0; i < 99; i++) {
      log.silence(0.01)
          .heartbeat("ada", "s1")
          .heartbeat("ada", "s1", true)
          .heartbeats(beat("ada", "s1", false), beat("bob", "s1", null))
          .activity("bob", "s1")
          .connected("bob", "s1", "web");
    }

    assertThat(log.written()).isZero();
  }

  @Test
  void shouldWriteTheTimeAndNothingElseOnceASecondWhenHeartbeatsCome() {
    log.connected("ada", "s1", "web").forget();
    assertThat(log.written()).isEqualTo(1);

    for (int i = 0; i < 600; i++) {
      log.silence(0.1).heartbeats(beat("ada", "s1", null)).tick();
    }

    assertThat(log.written()).isEqualTo(60);
  }

  @Test
  void shouldWriteOncePerTransition() {
    log.connected("ada", "s1", "web").set("ada", SetTo.busy()).set("ada", SetTo.online()).forget();

    assertThat(log.written()).isEqualTo(3);
  }

  @Test
  void shouldWriteTheUserAndTheHistoryWhenASessionCloses() {
    log.connected("ada", "s1", "web").forget();
    assertThat(log.written()).isEqualTo(1);

    log.goodbye("ada", "s1").forget();

    assertThat(log.written()).isEqualTo(2);
  }

  @Test
  void shouldNotRewriteTheUsersContactsWhenTheStatusChanges() {
    log.connected("ada", "s1", "web").setContacts("ada", "bob", "cyd", "dan").forget();
    assertThat(log.written()).isEqualTo(5);

    log.set("ada", SetTo.busy()).forget();

    assertThat(log.written()).isEqualTo(1);
  }
}
