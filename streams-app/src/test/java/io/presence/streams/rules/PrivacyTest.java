package io.presence.streams.rules;

import static io.presence.schemas.presence.Status.OFFLINE;
import static io.presence.schemas.presence.Status.ONLINE;
import static io.presence.schemas.presence.Visibility.CONTACTS;
import static io.presence.schemas.presence.Visibility.EVERYONE;
import static io.presence.schemas.presence.Visibility.NOBODY;
import static io.presence.streams.rules.Scenario.START;
import static io.presence.streams.rules.SetTo.busy;
import static io.presence.streams.rules.SetTo.invisible;
import static io.presence.streams.rules.SetTo.online;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.presence.Presence;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who sees what. */
class PrivacyTest {
  private final Scenario log = new Scenario();

  @AfterEach
  void nothingElse() {
    log.close();
  }

  @Test
  void shouldShowAUserToEveryoneWhenNothingElseIsSaid() {
    log.connected("ada", "s1", "web").forget();

    assertThat(log.seenBy(null, "ada")).isNotNull().isEqualTo(log.seenBy("bob", "ada"));
  }

  @Test
  void shouldShowAUserToContactsAndNoStrangerWhenVisibleToContacts() {
    log.connected("ada", "s1", "web").addContact("ada", "bob").visibleTo("ada", CONTACTS).forget();

    assertThat(log.seenBy("bob", "ada")).isNotNull();
    assertThat(log.seenBy("cyd", "ada")).isNull();
    assertThat(log.seenBy(null, "ada")).isNull();

    log.removeContact("ada", "bob").forget();
    assertThat(log.seenBy("bob", "ada")).isNull();
  }

  @Test
  void shouldNotMakeAContactOfWhomOneIsAContact() {
    log.connected("ada", "s1", "web").visibleTo("ada", CONTACTS).addContact("bob", "ada").forget();

    assertThat(log.seenBy("bob", "ada")).isNull();
  }

  @Test
  void shouldBeTheSameAsUnknownWhenHidden() {
    log.connected("ada", "s1", "web").addContact("ada", "bob").visibleTo("ada", NOBODY).forget();

    assertThat(log.seenBy("bob", "ada")).isNull();
    assertThat(log.seenBy("bob", "nobody.knows")).isNull();
  }

  @Test
  void shouldAlwaysSeeOneselfAsOthersWhoMaySeeWould() {
    log.connected("ada", "s1", "web").visibleTo("ada", NOBODY).forget();
    assertThat(log.seenBy("ada", "ada")).isNotNull();

    log.visibleTo("ada", EVERYONE).set("ada", invisible()).forget();
    assertThat(log.seenBy("ada", "ada")).isEqualTo(log.seenBy("bob", "ada"));
    assertThat(log.status("ada")).isEqualTo(OFFLINE);
  }

  @Test
  void shouldBeTheSameAsTrulyOfflineWhenInvisible() {
    log.connected("ada", "s1", "web").connected("bob", "s1", "web");
    log.pass(5).connected("ada", "s2", "ios").connected("bob", "s2", "ios");
    log.pass(5).heartbeat("ada", "s2").heartbeat("bob", "s2").forget();

    log.set("ada", "s2", invisible()).goodbyeOfAll("bob");
    assertThat(log.changes())
        .containsExactly(
            "ada: online → offline, disconnected", "bob: online → offline, disconnected");
    assertThat(log.closed()).hasSize(2);

    log.pass(5).heartbeat("ada", "s2").connected("ada", "s3", "tv").activity("ada", "s2");
    log.set("ada", invisible().activity("in_call")).goodbye("ada", "s1").goodbye("ada", "s2");

    assertThat(log.changes()).isEmpty();
    assertThat(log.closed()).hasSize(2);
    Presence bob = log.presence("bob");
    assertThat(log.presence("ada"))
        .isEqualTo(
            new Presence(
                "ada",
                bob.status(),
                bob.lastSeen(),
                bob.device(),
                bob.customStatus(),
                bob.activity(),
                bob.since(),
                bob.version(),
                bob.devices()));
  }

  @Test
  void shouldFreezeLastSeenWhileInvisible() {
    log.connected("ada", "s1", "web").pass(5).set("ada", "s1", invisible());
    log.pass(5).heartbeat("ada", "s1").forget();
    assertThat(log.presence("ada").lastSeen()).isEqualTo(START + 5_000);
    assertThat(log.presence("ada").since()).isEqualTo(START + 5_000);

    log.pass(5).set("ada", online());
    assertThat(log.changes()).containsExactly("ada: offline → online, connected");
    assertThat(log.presence("ada").lastSeen()).isEqualTo(START + 10_000);
    assertThat(log.presence("ada").since()).isEqualTo(START + 15_000);
  }

  @Test
  void shouldFreezeLastSeenWhenTheLastSessionEndsInHiding() {
    log.connected("ada", "s1", "web").pass(5).set("ada", invisible());
    log.pass(10).heartbeat("ada", "s1").goodbye("ada", "s1").set("ada", online()).forget();

    assertThat(log.presence("ada").lastSeen()).isEqualTo(START);
    assertThat(log.presence("ada").since()).isEqualTo(START + 5_000);
  }

  @Test
  void shouldFreezeLastSeenWhileHiddenFromAll() {
    log.connected("ada", "s1", "web").pass(5).visibleTo("ada", NOBODY);
    log.pass(5).heartbeat("ada", "s1").forget();
    assertThat(log.seenBy("ada", "ada")).hasFieldOrPropertyWithValue("lastSeen", START);

    log.pass(5).goodbye("ada", "s1").visibleTo("ada", EVERYONE).forget();
    assertThat(log.presence("ada").lastSeen()).isEqualTo(START);
    assertThat(log.presence("ada").since()).isEqualTo(START + 5_000);
  }

  @Test
  void shouldMoveAgainWhenNextSeenNotOffline() {
    log.connected("ada", "s1", "web").visibleTo("ada", NOBODY);
    log.pass(5).heartbeat("ada", "s1").forget();

    log.visibleTo("ada", EVERYONE);

    assertThat(log.changes()).containsExactly("ada: online → online, visibility");
    assertThat(log.presence("ada").lastSeen()).isEqualTo(START + 5_000);
    assertThat(log.presence("ada").since()).isEqualTo(START + 5_000);
  }

  @Test
  void shouldNotBeKnownWhenNeverShownAsNotOffline() {
    log.visibleTo("ada", CONTACTS).addContact("ada", "bob").set("ada", busy()).forget();
    assertThat(log.seenBy("bob", "ada")).isNull();
    assertThat(log.seenBy("ada", "ada")).isNull();
  }

  @Test
  void shouldNotBeKnownWhenAlwaysInvisible() {
    log.set("ada", invisible()).connected("ada", "s1", "web").pass(5).heartbeat("ada", "s1");

    assertThat(log.changes()).isEmpty();
    assertThat(log.seenBy("bob", "ada")).isNull();
  }

  @Test
  void shouldNotBeKnownAfterHavingBeenOnlineForNobody() {
    log.visibleTo("ada", NOBODY).connected("ada", "s1", "web").goodbye("ada", "s1");
    log.visibleTo("ada", EVERYONE).forget();

    assertThat(log.seenBy("bob", "ada")).isNull();
  }

  @Test
  void shouldBeKnownWhenThereIsACustomStatus() {
    log.set("ada", online().text("on leave")).forget();
    assertThat(log.seenBy("bob", "ada")).isNotNull();

    log.set("ada", online().noText());
    assertThat(log.changes()).containsExactly("ada: offline → offline, status_set");
    assertThat(log.seenBy("bob", "ada")).isNull();
  }

  @Test
  void shouldBeKnownForeverAfterHavingBeenShown() {
    log.connected("ada", "s1", "web").goodbye("ada", "s1").pass(3_600).forget();

    assertThat(Objects.requireNonNull(log.seenBy("bob", "ada")).status()).isEqualTo(OFFLINE);
  }

  @Test
  void shouldNotTellOfDevicesThatCameInHiding() {
    log.connected("ada", "s1", "web")
        .set("ada", invisible())
        .connected("ada", "s2", "ios")
        .forget();
    assertThat(log.presence("ada").device()).isEqualTo("web");
    assertThat(log.presence("ada").devices()).isEmpty();

    log.set("ada", online()).forget();
    assertThat(log.presence("ada").device()).isEqualTo("ios");
    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldNotTellOfActivityWhileInvisible() {
    log.connected("ada", "s1", "web").set("ada", invisible()).forget();

    log.set("ada", invisible().activity("in_call"));

    assertThat(log.changes()).isEmpty();
    assertThat(log.presence("ada").activity()).isNull();
  }

  @Test
  void shouldShowTheCustomStatusAlsoWhileInvisible() {
    log.connected("ada", "s1", "web").set("ada", invisible()).forget();

    log.set("ada", invisible().text("reading"));

    assertThat(log.changes()).containsExactly("ada: offline → offline, status_set");
    assertThat(log.presence("ada").customStatus()).isEqualTo("reading");
  }

  @Test
  void shouldNotTellThatOneConnectedWithATextWhileInvisible() {
    log.connected("ada", "s1", "web").set("ada", invisible()).forget();

    log.connected("ada", "s2", "ios", "reading");

    assertThat(log.changes()).containsExactly("ada: offline → offline, status_set");
  }

  @Test
  void shouldNotTellThatAClaimWasClearedWhileOffline() {
    log.connected("ada", "s1", "web").set("ada", busy()).goodbye("ada", "s1").forget();

    log.set("ada", online().text("on leave"));

    assertThat(log.changes()).containsExactly("ada: offline → offline, status_set");
  }

  @Test
  void shouldSayConnectedWhenInvisibilityExpires() {
    log.connected("ada", "s1", "web").set("ada", invisible().expiresIn(10)).forget();

    log.pass(10);

    assertThat(log.changes()).containsExactly("ada: offline → online, connected");
  }
}
