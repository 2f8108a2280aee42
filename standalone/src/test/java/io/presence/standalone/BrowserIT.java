package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.presence.gateway.Gateway;
import io.presence.streams.StreamsApp;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two people in two windows of a real browser, who see each other come, change and go. Each state
 * is kept as a picture in {@code target/screenshots}.
 */
@EnabledIf(
    value = "io.presence.standalone.BrowserWindow#available",
    disabledReason = "Chromium is not installed: the browser tests did not run")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BrowserIT {
  private static final Duration START_PATIENCE = Duration.ofSeconds(60);
  private static final Duration GRACE = Duration.ofSeconds(6);
  private static final int PHONE = 360;
  private static final Deque<AutoCloseable> STARTED = new ArrayDeque<>();

  @TempDir static Path data;
  private static Map<String, String> settings;
  private static StreamsApp streams;
  private static Gateway gateway;
  private static String page;
  private static BrowserWindow ada;
  private static BrowserWindow bob;

  @BeforeAll
  static void start() throws Exception {
    EmbeddedKafka kafka = EmbeddedKafka.start(data.resolve("kafka"), 0);
    STARTED.push(kafka);
    settings =
        new HashMap<>(
            Map.of(
                "PRESENCE_BOOTSTRAP_SERVERS", kafka.bootstrapServers(),
                "PRESENCE_DATA_DIR", data.toString(),
                "PRESENCE_STREAMS_PORT", "0",
                "PRESENCE_STANDBY_REPLICAS", "0",
                "PRESENCE_HTTP_PORT", "0",
                "PRESENCE_HEARTBEAT_TTL", "6s",
                "PRESENCE_RECONNECT_GRACE", GRACE.toSeconds() + "s",
                "PRESENCE_AWAY_AFTER", "5s"));
    streams = StreamsApp.start(settings);
    STARTED.push(streams);
    gateway = startGateway();
    settings.put("PRESENCE_HTTP_PORT", Integer.toString(gateway.port()));
    page = "http://127.0.0.1:" + gateway.port() + "/";
    ada = BrowserWindow.open(page);
    STARTED.push(ada);
    bob = BrowserWindow.open(page);
    STARTED.push(bob);
  }

  @AfterAll
  static void stop() throws Exception {
    for (AutoCloseable part : STARTED) {
      part.close();
    }
  }

  @Test
  @Order(1)
  void shouldBeFitForAllWhenSigningIn() {
    ada.awaitThat("#name");
    assertFitForAll(ada, "01-sign-in");
  }

  @Test
  @Order(2)
  void shouldShowEachOtherOnline() {
    ada.signIn("ada");
    ada.add("bob", "carl");
    ada.awaitThat("#people-list [data-user=carl][data-status=unknown]");
    bob.signIn("bob");
    bob.add("ada");
    ada.awaitPerson("bob", "online");
    ada.moveMouse();
    bob.awaitPerson("ada", "online");
    assertThat(bob.textOf("ada")).contains("Online", "On web, since");
    shootBoth("02-online");
    assertThat(ada.textOf("carl")).contains("Nothing to see");
  }

  @Test
  @Order(3)
  void shouldShowBusyWithActivityAndText() {
    ada.setStatus("busy", "in_call", "shipping <b>today</b>");
    bob.awaitPerson("ada", "busy");
    shootBoth("03-busy");
    assertThat(bob.textOf("ada")).contains("Busy · In a call", "shipping <b>today</b>");
    assertThat(bob.logOf("ada")).endsWith("busy");
    ada.awaitThat("#you-avatar [data-status=busy]");
    assertThat(ada.text("#you-state")).isEqualTo("Shown as busy · In a call");
  }

  @Test
  @Order(4)
  void shouldShowAwayWhenIdle() {
    bob.moveMouse();
    ada.awaitPerson("bob", "online");
    ada.awaitPerson("bob", "away");
    shootBoth("04-away");
    assertThat(bob.textOf("ada")).as("a claim is no idleness").contains("Busy");
    bob.moveMouse();
    ada.awaitPerson("bob", "online");
  }

  @Test
  @Order(5)
  void shouldShowInvisibleAsOffline() {
    ada.setStatus("invisible", "", "");
    bob.awaitPerson("ada", "offline");
    ada.awaitThat("#you-avatar [data-status=invisible]");
    shootBoth("05-invisible");
    assertThat(bob.textOf("ada")).contains("Offline", "Last seen").doesNotContain("shipping");
    assertThat(ada.text("#you-state")).isEqualTo("Invisible: shown as offline");
    ada.setStatus("online", "", "");
    bob.awaitPerson("ada", "online");
  }

  @Test
  @Order(6)
  void shouldVanishForAllButContacts() {
    ada.setVisibility("contacts");
    bob.awaitPerson("ada", "offline");
    shootBoth("06-contacts-only");
    bob.reload();
    bob.awaitPerson("ada", "unknown");
    shootBoth("07-hidden-when-asked-again");
    ada.moveMouse();
    ada.addContact("bob");
    bob.awaitThat("#people-list [data-user=ada]:is([data-status=online], [data-status=away])");
    shootBoth("08-contact");
    ada.setVisibility("everyone");
  }

  @Test
  @Order(7)
  void shouldShowNothingToOthersWhenATabIsReloaded() {
    bob.awaitThat("#people-list [data-user=ada]:is([data-status=online], [data-status=away])");
    ada.setStatus("busy", "", "before");
    bob.awaitPerson("ada", "busy");
    bob.clearLog();
    ada.remove("carl");
    ada.reload();
    assertThat(ada.people()).as("remembered").containsExactly("bob");
    ada.setStatus("busy", "", "after");
    await().untilAsserted(() -> assertThat(bob.textOf("ada")).contains("after"));
    assertThat(bob.logOf("ada")).isNotEmpty().doesNotContain("offline", "unknown");
    shootBoth("09-reloaded");
  }

  @Test
  @Order(8)
  void shouldShowWhoIsInARoomAndNotWhoWatches() {
    ada.joinRoom("kitchen");
    ada.awaitRoom("kitchen", 1, "ada");
    bob.watchRoom("kitchen");
    bob.awaitRoom("kitchen", 1, "ada");
    bob.joinRoom("kitchen");
    ada.awaitRoom("kitchen", 2, "ada", "bob");
    bob.awaitRoom("kitchen", 2, "ada", "bob");
    shootBoth("10-room");
    ada.leaveRoom("kitchen");
    bob.awaitRoom("kitchen", 1, "bob");
    ada.awaitRoom("kitchen", 1, "bob");
    ada.joinRoom("kitchen");
    bob.awaitRoom("kitchen", 2, "ada", "bob");
    bob.reload();
    bob.awaitRoom("kitchen", 2, "ada", "bob");
  }

  @Test
  @Order(9)
  void shouldShowModesAndCursorsInADocumentAndNotWhoWatches() {
    try (BrowserWindow eve = BrowserWindow.open(page)) {
      eve.signIn("eve");
      for (BrowserWindow window : List.of(ada, eve, bob)) {
        window.openDocument("plan");
      }
      ada.setMode("editing");
      bob.setMode("watching");
      for (BrowserWindow window : List.of(ada, eve, bob)) {
        window.awaitMember("ada", "editing");
        window.awaitMember("eve", "viewing");
        await().until(() -> window.documentMembers().equals(List.of("ada", "eve")));
        assertThat(window.text("#document-count")).startsWith("2 here");
      }

      eve.pointFromMiddle(0, 0);
      String first = eve.placeOf("eve");
      ada.awaitCursor("eve", first);
      bob.awaitCursor("eve", first);
      eve.pointFromMiddle(100, 40);
      String second = eve.placeOf("eve");
      assertThat(second).isNotEqualTo(first);
      ada.awaitCursor("eve", second);
      bob.awaitCursor("eve", second);
      ada.pointFromMiddle(0, 0);
      String ofAda = ada.placeOf("ada");
      eve.awaitCursor("ada", ofAda);
      eve.setMode("editing");
      ada.awaitMember("eve", "editing");
      bob.reload();
      bob.awaitCursor("ada", ofAda);
      bob.awaitCursor("eve", second);
      shootBoth("11-document");
      eve.shoot("11-document-eve");
      assertThat(eve.errors()).isEmpty();
    }
    // The grace; by the window of a channel's members it would take a minute.
    for (BrowserWindow window : List.of(ada, bob)) {
      await()
          .atMost(GRACE.multipliedBy(2))
          .until(() -> window.documentMembers().equals(List.of("ada")));
      assertThat(window.has("#cursors [data-user=eve]")).isFalse();
      assertThat(window.text("#document-count")).startsWith("1 here");
    }
  }

  @Test
  @Order(10)
  void shouldBeFitForAllWhenSignedIn() {
    assertFitForAll(ada, "12-signed-in");
    assertThat(ada.errors()).isEmpty();
    assertThat(bob.errors()).isEmpty();
  }

  @Test
  @Order(11)
  void shouldSayThatTheConnectionWasLostAndRecoverWhenTheGatewayIsRestarted() throws Exception {
    STARTED.remove(gateway);
    gateway.close();
    for (BrowserWindow window : List.of(ada, bob)) {
      window.awaitThat("#app[data-connection=lost] #banner");
      assertThat(window.text("#banner")).contains("The connection was lost", "may be old");
      assertThat(window.text("#connection")).isEqualTo("Not connected");
      assertThat(window.text("#people-count")).startsWith("As of");
    }
    shootBoth("13-connection-lost");
    assertThat(ada.violations()).isEmpty();

    gateway = startGateway();
    for (BrowserWindow window : List.of(ada, bob)) {
      window.awaitLive();
      assertThat(window.has("#banner")).isFalse();
    }
    bob.awaitPerson("ada", "busy");
    bob.awaitRoom("kitchen", 2, "ada", "bob");
    bob.awaitMember("ada", "editing");
    ada.setStatus("busy", "focus", "here again");
    await().untilAsserted(() -> assertThat(bob.textOf("ada")).contains("here again"));
    shootBoth("14-recovered");
  }

  @Test
  @Order(12)
  void shouldShowOfflineAtOnceWhenSomeoneSignsOut() {
    ada.signOut();
    long signedOut = System.nanoTime();
    bob.awaitPerson("ada", "offline");
    assertThat(Duration.ofNanos(System.nanoTime() - signedOut)).isLessThan(GRACE);
    ada.awaitThat("#name");
    shootBoth("15-signed-out");
    assertThat(bob.textOf("ada")).contains("Last seen just now");
  }

  private static Gateway startGateway() throws InterruptedException {
    Gateway started = Gateway.start(settings, streams.queries());
    STARTED.push(started);
    await().atMost(START_PATIENCE).until(() -> streams.ready() && started.ready());
    return started;
  }

  private static void shootBoth(String name) {
    ada.shoot(name + "-ada");
    bob.shoot(name + "-bob");
  }

  /** Holds that axe-core finds nothing, and that all fits, light and dark, wide and narrow. */
  private static void assertFitForAll(BrowserWindow window, String name) {
    for (int width : new int[] {0, PHONE}) {
      for (boolean dark : new boolean[] {false, true}) {
        window.emulate(width, dark);
        String variant =
            "%s-%s-%s".formatted(name, width == 0 ? "wide" : "phone", dark ? "dark" : "light");
        window.shoot(variant);
        assertThat(window.violations()).as(variant).isEmpty();
        assertThat(window.overflows()).as(variant).isEmpty();
      }
    }
    window.emulate(0, false);
  }
}
