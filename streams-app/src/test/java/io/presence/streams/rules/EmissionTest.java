package io.presence.streams.rules;

import static io.presence.schemas.presence.Status.AWAY;
import static io.presence.schemas.presence.Status.BUSY;
import static io.presence.schemas.presence.Status.OFFLINE;
import static io.presence.schemas.presence.Status.ONLINE;
import static io.presence.streams.rules.Scenario.START;
import static io.presence.streams.rules.Scenario.beat;
import static io.presence.streams.rules.SetTo.busy;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.PresenceState;
import io.presence.schemas.presence.Reason;
import io.presence.schemas.presence.Visibility;
import io.presence.streams.model.Outputs;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is emitted, and once. */
class EmissionTest {
  private final Scenario log = new Scenario();

  @AfterEach
  void nothingElse() {
    log.close();
  }

  @Test
  void shouldTellAChangeInFull() {
    log.connected("ada", "s1", "web").pass(1).forget();

    log.set("ada", "s1", busy().activity("in_call").text("shipping"));

    Presence presence =
        new Presence(
            "ada",
            BUSY,
            START + 1_000,
            "web",
            "shipping",
            "in_call",
            START + 1_000,
            START + 1_000,
            Map.of("web", BUSY));
    assertThat(log.change())
        .isEqualTo(
            new PresenceChange(
                "ada",
                START + 1_000,
                START + 1_000,
                Reason.STATUS_SET,
                ONLINE,
                BUSY,
                presence,
                Visibility.EVERYONE,
                null));
  }

  @Test
  void shouldWriteTheStateWithItsVisibilityWithEachChange() {
    log.connected("ada", "s1", "web").visibleTo("ada", Visibility.CONTACTS);

    Presence presence =
        new Presence("ada", ONLINE, START, "web", null, null, START, START, Map.of("web", ONLINE));
    Presence next =
        new Presence(
            "ada", ONLINE, START, "web", null, null, START, START + 1, Map.of("web", ONLINE));
    assertThat(log.states())
        .containsExactly(
            new Outputs.State("ada", new PresenceState(presence, Visibility.EVERYONE)),
            new Outputs.State("ada", new PresenceState(next, Visibility.CONTACTS)));
  }

  @Test
  void shouldEmitNothingWhenAWriteIsIdentical() {
    log.connected("ada", "s1", "web", "here")
        .set("ada", busy().activity("in_call"))
        .visibleTo("ada", Visibility.CONTACTS)
        .addContact("ada", "bob")
        .addContact("ada", "cyd")
        .forget();

    log.pass(1)
        .connected("ada", "s1", "web", "here")
        .heartbeat("ada", "s1")
        .heartbeats(beat("ada", "s1", true), beat("ada", "s1", true))
        .activity("ada", "s1")
        .set("ada", busy().activity("in_call").text("here"))
        .set("ada", "s1", busy().expiresIn(60))
        .visibleTo("ada", Visibility.CONTACTS)
        .addContact("ada", "bob")
        .removeContact("ada", "dan")
        .setContacts("ada", "cyd", "bob");

    assertThat(log.changes()).isEmpty();
    assertThat(log.states()).isEmpty();
  }

  @Test
  void shouldEmitOneChangeForOneEvent() {
    log.connected("ada", "s1", "web", "back again");

    assertThat(log.changes()).containsExactly("ada: offline → online, connected");
  }

  @Test
  void shouldEmitWhenTheDeviceChanges() {
    log.connected("ada", "s1", "web").connected("ada", "s2", "ios").forget();

    log.connected("ada", "s1", "web");

    assertThat(log.changes()).containsExactly("ada: online → online, devices");
    assertThat(log.presence("ada").device()).isEqualTo("web");
  }

  @Test
  void shouldTakeTheTimestampAsVersionOrOneMoreThanTheLast() {
    log.connected("ada", "s1", "web");
    assertThat(log.change().version()).isEqualTo(START);

    log.set("ada", busy());
    assertThat(log.change().version()).isEqualTo(START + 1);

    log.pass(1).set("ada", SetTo.online());
    assertThat(log.change().version()).isEqualTo(START + 1_000);
  }

  @Test
  void shouldLeaveNoGapInVersionsWhenSomethingHappenedInHiding() {
    log.connected("ada", "s1", "web").set("ada", SetTo.invisible()).forget();

    log.heartbeat("ada", "s2", false).set("ada", SetTo.invisible().activity("in_call"));
    log.goodbye("ada", "s2");
    assertThat(log.changes()).isEmpty();
    assertThat(log.closed()).containsExactly("ada: s2 on web, disconnected");

    log.set("ada", SetTo.online());
    assertThat(log.change().version()).isEqualTo(START + 2);
  }

  @Test
  void shouldTellAContactAndNothingElseWhenOneIsAddedOrRemoved() {
    log.connected("ada", "s1", "web").forget();

    log.addContact("ada", "bob");
    assertThat(log.change())
        .hasFieldOrPropertyWithValue("reason", Reason.CONTACT_ADDED)
        .hasFieldOrPropertyWithValue("contact", "bob")
        .hasFieldOrPropertyWithValue("from", ONLINE)
        .hasFieldOrPropertyWithValue("to", ONLINE);

    log.removeContact("ada", "bob");
    assertThat(log.change())
        .hasFieldOrPropertyWithValue("reason", Reason.CONTACT_REMOVED)
        .hasFieldOrPropertyWithValue("contact", "bob");

    log.setContacts("ada", "cyd", "dan");
    assertThat(log.change())
        .hasFieldOrPropertyWithValue("reason", Reason.CONTACTS_SET)
        .hasFieldOrPropertyWithValue("contact", null);
  }

  @Test
  void shouldEraseAllThatIsStored() {
    log.connected("ada", "s1", "web", "hello").set("ada", busy()).addContact("ada", "bob");
    log.visibleTo("ada", Visibility.CONTACTS).pass(1).forget();

    log.erase("ada");
    assertThat(log.changesInFull())
        .containsExactly(
            new PresenceChange(
                "ada",
                START + 1_000,
                START + 1_000,
                Reason.ERASED,
                BUSY,
                OFFLINE,
                null,
                Visibility.CONTACTS,
                null));
    assertThat(log.seenBy("ada", "ada")).isNull();

    log.pass(1).heartbeat("ada", "s1");
    assertThat(log.change())
        .hasFieldOrPropertyWithValue("version", START + 2_000)
        .hasFieldOrPropertyWithValue("visibility", Visibility.EVERYONE)
        .hasFieldOrPropertyWithValue("from", OFFLINE)
        .hasFieldOrPropertyWithValue("to", ONLINE);
    assertThat(log.presence("ada").customStatus()).isNull();
  }

  @Test
  void shouldGoOnWithVersionsWhenAUserComesBackAfterAnErasure() {
    log.connected("ada", "s1", "web").erase("ada").connected("ada", "s1", "web");
    assertThat(log.changesInFull())
        .extracting(PresenceChange::version)
        .containsExactly(START, START + 1, START + 2);

    log.erase("ada").forget().restart().connected("ada", "s1", "web");
    assertThat(log.change().version()).isEqualTo(START + 4);
  }

  @Test
  void shouldWriteATombstoneWhenAUserIsErased() {
    log.connected("ada", "s1", "web").forget();

    log.erase("ada");

    assertThat(log.states()).containsExactly(new Outputs.State("ada", null));
  }

  @Test
  void shouldDoNothingWhenAUserIsErasedOfWhomNothingIsStored() {
    log.erase("ada").connected("bob", "s1", "web").forget();

    log.erase("bob").forget().erase("bob");

    assertThat(log.changes()).isEmpty();
  }

  @Test
  void shouldShowTheDeviceLastOpenedOrLastBecomeOnline() {
    log.connected("ada", "s1", "web").connected("ada", "s2", "ios");
    assertThat(log.presence("ada").device()).isEqualTo("ios");

    log.set("ada", "s1", SetTo.away()).activity("ada", "s1");
    assertThat(log.presence("ada").device()).isEqualTo("web");

    log.goodbye("ada", "s1");
    assertThat(log.presence("ada").device()).isEqualTo("web");
    assertThat(log.presence("ada").devices()).isEqualTo(Map.of("ios", ONLINE));
    log.forget();
  }

  @Test
  void shouldShowSinceWhenTheStatusBegan() {
    log.connected("ada", "s1", "web").pass(10).connected("ada", "s2", "ios").forget();
    assertThat(log.presence("ada").since()).isEqualTo(START);

    log.set("ada", SetTo.away());
    assertThat(log.presence("ada").since()).isEqualTo(START + 10_000);

    log.pass(1).set("ada", "s1", SetTo.away());
    log.pass(1).goodbyeOfAll("ada").forget();
    assertThat(log.status("ada")).isEqualTo(OFFLINE);
    assertThat(log.presence("ada").since()).isEqualTo(START + 12_000);
  }

  @Test
  void shouldShowLastSeenLiveInLookupsAndAsOfTheChangeInTopics() {
    log.connected("ada", "s1", "web").pass(10).heartbeat("ada", "s1").pass(10);

    assertThat(log.presence("ada").lastSeen()).isEqualTo(START + 10_000);
    assertThat(log.change().presence()).hasFieldOrPropertyWithValue("lastSeen", START);

    log.pass(20);
    assertThat(log.change().presence()).hasFieldOrPropertyWithValue("lastSeen", START + 10_000);
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldShowNullWhenNeverSeen() {
    log.set("ada", SetTo.online().text("on leave"));

    assertThat(log.changes()).containsExactly("ada: offline → offline, status_set");
    assertThat(log.presence("ada"))
        .isEqualTo(
            new Presence("ada", OFFLINE, null, null, "on leave", null, START, START, Map.of()));
  }

  @Test
  void shouldShowDevicesOfEachUserOnlyWhileOneIsNotOffline() {
    log.connected("ada", "s1", "web").heartbeat("ada", "s2", false).forget();

    log.set("ada", SetTo.away());
    assertThat(log.presence("ada").devices()).isEqualTo(Map.of("web", AWAY));

    log.goodbyeOfAll("ada");
    assertThat(log.presence("ada").devices()).isEmpty();
    log.forget();
  }
}
