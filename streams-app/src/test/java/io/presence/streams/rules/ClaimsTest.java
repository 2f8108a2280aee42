package io.presence.streams.rules;

import static io.presence.schemas.presence.Status.AWAY;
import static io.presence.schemas.presence.Status.BUSY;
import static io.presence.schemas.presence.Status.OFFLINE;
import static io.presence.schemas.presence.Status.ONLINE;
import static io.presence.streams.rules.SetTo.away;
import static io.presence.streams.rules.SetTo.busy;
import static io.presence.streams.rules.SetTo.invisible;
import static io.presence.streams.rules.SetTo.online;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A claim is a status that a person sets. */
class ClaimsTest {
  private final Scenario log = new Scenario();

  @AfterEach
  void nothingElse() {
    log.close();
  }

  @Test
  void shouldBeatWhatIsDerivedAndCoverAllSessions() {
    log.connected("ada", "s1", "web").heartbeat("ada", "s2", false).forget();

    log.set("ada", busy());

    assertThat(log.changes()).containsExactly("ada: online → busy, status_set");
    assertThat(log.presence("ada").devices()).isEqualTo(Map.of("web", BUSY));
  }

  @Test
  void shouldOutliveItsSessions() {
    log.connected("ada", "s1", "web").set("ada", busy()).goodbye("ada", "s1").forget();
    assertThat(log.status("ada")).isEqualTo(OFFLINE);

    log.connected("ada", "s2", "ios");

    assertThat(log.changes()).containsExactly("ada: offline → busy, connected");
  }

  @Test
  void shouldShowOnlyWhileSomeSessionIsAlive() {
    log.set("ada", busy());
    assertThat(log.changes()).isEmpty();
    assertThat(log.seenBy(null, "ada")).isNull();

    log.connected("ada", "s1", "web");
    assertThat(log.changes()).containsExactly("ada: offline → busy, connected");

    log.pass(30);
    assertThat(log.changes()).containsExactly("ada: busy → offline, timed_out");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldFallBackToWhatWasDerivedWhenAClaimExpires() {
    log.connected("ada", "s1", "web").set("ada", busy().expiresIn(25)).forget();

    log.pass(20).heartbeat("ada", "s1").pass(4.999);
    assertThat(log.changes()).isEmpty();

    log.pass(0.001);
    assertThat(log.changes()).containsExactly("ada: busy → online, status_expired");
  }

  @Test
  void shouldFallBackToAwayWhenThatIsDerivedAsAClaimExpires() {
    log.connected("ada", "s1", "web").set("ada", busy().expiresIn(10)).forget();

    log.set("ada", "s1", away());
    assertThat(log.changes()).isEmpty();

    log.pass(10);
    assertThat(log.changes()).containsExactly("ada: busy → away, status_expired");
  }

  @Test
  void shouldSayNothingWhenAClaimExpiresWithoutSessions() {
    log.set("ada", busy().expiresIn(10)).pass(10).connected("ada", "s1", "web");

    assertThat(log.changes()).containsExactly("ada: offline → online, connected");
  }

  @Test
  void shouldBringItsOwnExpiryOrNone() {
    log.connected("ada", "s1", "web").set("ada", busy().expiresIn(10)).forget();

    log.pass(5).set("ada", busy().expiresIn(10)).pass(9.999);
    assertThat(log.changes()).isEmpty();
    log.heartbeat("ada", "s1").set("ada", busy()).pass(20);

    assertThat(log.changes()).isEmpty();
    assertThat(log.status("ada")).isEqualTo(BUSY);
  }

  @Test
  void shouldClearWhenTheUserSaysOnline() {
    log.connected("ada", "s1", "web").set("ada", away()).forget();

    log.set("ada", online());

    assertThat(log.changes()).containsExactly("ada: away → online, status_cleared");
  }

  @Test
  void shouldDoNothingWhenThereIsNoClaimAndTheUserSaysOnline() {
    log.heartbeat("ada", "s1", false).forget();

    log.set("ada", online());

    assertThat(log.status("ada")).isEqualTo(AWAY);
  }

  @Test
  void shouldClaimWhenASessionSaysBusyOrInvisible() {
    log.connected("ada", "s1", "web").connected("ada", "s2", "ios").forget();

    log.set("ada", "s1", busy());
    assertThat(log.changes()).containsExactly("ada: online → busy, status_set");
    assertThat(log.presence("ada").devices()).isEqualTo(Map.of("web", BUSY, "ios", BUSY));

    log.set("ada", "s2", invisible());
    assertThat(log.changes()).containsExactly("ada: busy → offline, disconnected");
  }

  @Test
  void shouldSpeakForThatSessionAloneWhenASessionSaysAway() {
    log.connected("ada", "s1", "web").connected("ada", "s2", "ios").forget();

    log.set("ada", "s1", away());

    assertThat(log.changes()).containsExactly("ada: online → online, devices");
    assertThat(log.presence("ada").devices()).isEqualTo(Map.of("web", AWAY, "ios", ONLINE));
  }

  @Test
  void shouldOnlyTakeBackAwayWhenASessionThatDeclaredItSaysOnline() {
    log.connected("ada", "s1", "web").set("ada", "s1", away()).set("ada", busy()).forget();

    log.set("ada", "s1", online());
    assertThat(log.changes()).isEmpty();
    assertThat(log.status("ada")).isEqualTo(BUSY);

    log.set("ada", "s1", online());
    assertThat(log.changes()).containsExactly("ada: busy → online, status_cleared");
  }

  @Test
  void shouldClearTheClaimWhenAnyOtherSessionSaysOnline() {
    log.connected("ada", "s1", "web").connected("ada", "s2", "ios");
    log.set("ada", "s1", away()).set("ada", busy()).forget();

    log.set("ada", "s2", online());

    assertThat(log.changes()).containsExactly("ada: busy → online, status_cleared");
    assertThat(log.presence("ada").devices()).isEqualTo(Map.of("web", AWAY, "ios", ONLINE));
  }

  @Test
  void shouldTakeAClaimBeforeASessionIsOpen() {
    log.set("ada", "s1", busy());
    assertThat(log.changes()).isEmpty();

    log.connected("ada", "s1", "web");
    assertThat(log.changes()).containsExactly("ada: offline → busy, connected");
  }

  @Test
  void shouldDoNothingWhenASessionThatIsNotOpenSaysAway() {
    log.set("ada", "s1", away());

    assertThat(log.seenBy("ada", "ada")).isNull();
  }

  @Test
  void shouldNotUndoADeclaredAwayWhenASecondDeviceConnects() {
    log.connected("ada", "s1", "web").set("ada", away()).forget();

    log.connected("ada", "s2", "ios");

    assertThat(log.changes()).containsExactly("ada: away → away, devices");
    assertThat(log.presence("ada").devices()).isEqualTo(Map.of("web", AWAY, "ios", AWAY));
  }

  @Test
  void shouldEndTheActivityWithTheNextStatus() {
    log.connected("ada", "s1", "web").set("ada", busy().activity("in_call")).forget();
    assertThat(log.presence("ada").activity()).isEqualTo("in_call");

    log.set("ada", away());

    assertThat(log.changes()).containsExactly("ada: busy → away, status_set");
    assertThat(log.presence("ada").activity()).isNull();
  }

  @Test
  void shouldKeepTheActivityWhenTheSameStatusIsSetWithoutOne() {
    log.connected("ada", "s1", "web").set("ada", busy().activity("in_call")).forget();

    log.set("ada", busy());
    assertThat(log.changes()).isEmpty();

    log.set("ada", busy().noActivity());
    assertThat(log.changes()).containsExactly("ada: busy → busy, status_set");
    assertThat(log.presence("ada").activity()).isNull();
  }

  @Test
  void shouldEndTheActivityWithTheClaim() {
    log.connected("ada", "s1", "web");
    log.set("ada", busy().activity("in_call").expiresIn(10)).forget();

    log.pass(10);

    assertThat(log.changes()).containsExactly("ada: busy → online, status_expired");
    assertThat(log.presence("ada").activity()).isNull();
  }

  @Test
  void shouldEndTheActivityWithTheLastSession() {
    log.connected("ada", "s1", "web").set("ada", busy().activity("in_call"));
    log.goodbye("ada", "s1").connected("ada", "s2", "web").forget();

    assertThat(log.status("ada")).isEqualTo(BUSY);
    assertThat(log.presence("ada").activity()).isNull();
  }

  @Test
  void shouldKeepTheActivityWhenASessionSaysAwayAndTakesItBack() {
    log.connected("ada", "s1", "web").set("ada", online().activity("focus")).forget();

    log.set("ada", "s1", away()).set("ada", "s1", online());

    assertThat(log.changes())
        .containsExactly("ada: online → away, idle", "ada: away → online, active");
    assertThat(log.presence("ada").activity()).isEqualTo("focus");
  }

  @Test
  void shouldKeepTheCustomStatusWhenTheUserGoesOffline() {
    log.connected("ada", "s1", "web", "at lunch").goodbye("ada", "s1").forget();

    assertThat(log.status("ada")).isEqualTo(OFFLINE);
    assertThat(log.presence("ada").customStatus()).isEqualTo("at lunch");
  }

  @Test
  void shouldEndTheCustomStatusWhenItsOwnExpiryComes() {
    log.connected("ada", "s1", "web");
    log.set("ada", busy().text("at lunch").textExpiresIn(10).expiresIn(20)).forget();

    log.pass(10);
    assertThat(log.changes()).containsExactly("ada: busy → busy, status_expired");
    assertThat(log.presence("ada").customStatus()).isNull();

    log.pass(10);
    assertThat(log.changes()).containsExactly("ada: busy → online, status_expired");
  }

  @Test
  void shouldExpireTheClaimBeforeTheTextWhenBothAreDue() {
    log.connected("ada", "s1", "web");
    log.set("ada", busy().text("at lunch").textExpiresIn(10).expiresIn(10)).forget();

    log.pass(10);

    assertThat(log.changes())
        .containsExactly(
            "ada: busy → online, status_expired", "ada: online → online, status_expired");
  }

  @Test
  void shouldFireWindowsBeforeExpiriesInTheOrderOfExpiryAndUser() {
    log.set("cyd", online().text("c").textExpiresIn(29));
    log.set("bob", online().text("b").textExpiresIn(30));
    log.set("ada", online().text("a").textExpiresIn(30));
    log.connected("dan", "s1", "web").forget();

    log.pass(26).silence(4).tick();

    assertThat(log.changes())
        .containsExactly(
            "dan: online → offline, timed_out",
            "cyd: offline → offline, status_expired",
            "ada: offline → offline, status_expired",
            "bob: offline → offline, status_expired");
    assertThat(log.closed()).containsExactly("dan: s1 on web, timed_out");
  }

  @Test
  void shouldKeepAnAbsentFieldAndClearANullOne() {
    log.connected("ada", "s1", "web").set("ada", busy().text("at lunch")).forget();

    log.set("ada", away());
    assertThat(log.change().presence()).hasFieldOrPropertyWithValue("customStatus", "at lunch");

    log.set("ada", away().noText());
    assertThat(log.change().presence()).hasFieldOrPropertyWithValue("customStatus", null);
  }

  @Test
  void shouldChangeTheExpiryOfAPresentTextWhenOnlyThatIsSaid() {
    log.set("ada", online().text("at lunch").textExpiresIn(10)).forget();

    log.set("ada", online().textExpiresIn(15)).pass(12);
    assertThat(log.changes()).isEmpty();
    log.set("ada", online().textNeverExpires()).pass(30);

    assertThat(log.presence("ada").customStatus()).isEqualTo("at lunch");
  }

  @Test
  void shouldBeShownOfflineWhenInvisible() {
    log.connected("ada", "s1", "web").forget();

    log.set("ada", invisible());

    assertThat(log.changes()).containsExactly("ada: online → offline, disconnected");
    assertThat(log.status("ada")).isEqualTo(OFFLINE);
    assertThat(log.presence("ada").devices()).isEmpty();

    log.set("ada", online());
    assertThat(log.changes()).containsExactly("ada: offline → online, connected");
  }
}
