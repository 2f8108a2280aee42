package io.presence.streams.rules;

import static io.presence.schemas.presence.Status.ONLINE;
import static io.presence.streams.rules.Scenario.beat;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.json.Patch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be taken goes to the dead letters, and the stream goes on. */
class BadRecordsTest {
  private final Scenario log = new Scenario();

  @AfterEach
  void nothingElse() {
    log.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "null",
        "[]",
        "\"connected\"",
        "{}",
        "{\"type\":7}",
        "{\"type\":\"unheard_of\",\"user_id\":\"ada\"}",
        "{\"type\":\"connected\"}",
        "{\"type\":\"connected\",\"user_id\":7}",
        "{\"type\":\"connected\",\"user_id\":\"ada\",\"session_id\":\"device:web\"}",
        "{\"type\":\"connected\",\"user_id\":\"ada\",\"device\":\"a\\u0007b\"}",
        "{\"type\":\"connected\",\"user_id\":\"ada\"} {}",
        "{\"type\":\"heartbeat\",\"user_id\":\"ada\",\"active\":\"yes\"}",
        "{\"type\":\"heartbeats\"}",
        "{\"type\":\"heartbeats\",\"entries\":[[\"ada\",7,null]]}",
        "{\"type\":\"heartbeats\",\"entries\":[[\"ada\",null,null]",
        "{\"type\":\"status\",\"user_id\":\"ada\",\"status\":\"sleeping\"}",
        "{\"type\":\"status\",\"user_id\":\"ada\",\"status\":\"busy\",\"expires_in\":-1}",
        "{\"type\":\"visibility\",\"user_id\":\"ada\",\"visibility\":\"friends\"}",
        "{\"type\":\"contacts_set\",\"user_id\":\"ada\",\"contacts\":\"bob\"}"
      })
  void shouldGoToTheDeadLettersWhenAValueIsBroken(String value) {
    log.sendRaw("ada", value);
    assertThat(log.deadLetters()).containsExactly(value);

    log.connected("ada", "s1", "web");
    assertThat(log.changes()).containsExactly("ada: offline → online, connected");
  }

  @Test
  void shouldGoToTheDeadLettersWhenThereIsNoValue() {
    log.sendRaw("ada", null);

    assertThat(log.deadLetters()).hasSize(1).containsOnlyNulls();
  }

  @Test
  void shouldGoToTheDeadLettersWhenAnIdIsTooLong() {
    String value = "{\"type\":\"connected\",\"user_id\":\"%s\"}".formatted("a".repeat(129));

    log.sendRaw("a".repeat(129), value);

    assertThat(log.deadLetters()).containsExactly(value);
  }

  @Test
  void shouldGoToTheDeadLettersWhenTheKeyIsNotTheUser() {
    log.send("bob", new Connected("ada", "s1", "web", Patch.keep()));
    log.send(null, new Connected("ada", "s1", "web", Patch.keep()));

    assertThat(log.deadLetters()).hasSize(2);
    assertThat(log.seenBy(null, "ada")).isNull();
  }

  @Test
  void shouldTakeWhatIsGoodWhenARecordHasFieldsThatNobodyKnows() {
    log.sendRaw("ada", "{\"mood\":[1],\"type\":\"connected\",\"user_id\":\"ada\",\"x\":{}}");

    assertThat(log.changes()).containsExactly("ada: offline → online, connected");
  }

  @Test
  void shouldAdvanceTheTimeWhenARecordIsBad() {
    log.connected("ada", "s1", "web").forget();

    for (int i = 0; i < 15; i++) {
      log.silence(2).sendRaw(null, "{");
    }

    assertThat(log.deadLetters()).hasSize(15);
    assertThat(log.changes()).containsExactly("ada: online → offline, timed_out");
    assertThat(log.closed()).containsExactly("ada: s1 on web, timed_out");
  }

  @Test
  void shouldRefuseASessionTooManyAndKeepTheOthers() {
    for (int i = 0; i < 1_000; i++) {
      log.connected("ada", "s" + i, "web");
    }
    log.forget();

    log.connected("ada", "more", "ios").send(new Activity("ada", "more", "ios"));
    assertThat(log.deadLetters()).hasSize(2);

    log.heartbeats(beat("ada", "s1", null), beat("ada", "more", null), beat("bob", "s1", null));
    assertThat(log.deadLetters())
        .containsExactly("{\"type\":\"heartbeats\",\"entries\":[[\"ada\",\"more\",\"web\"]]}");
    assertThat(log.changes()).containsExactly("bob: offline → online, heartbeat");
    assertThat(log.status("ada")).isEqualTo(ONLINE);
  }

  @Test
  void shouldRefuseAContactTooMany() {
    String[] contacts = new String[10_000];
    for (int i = 0; i < contacts.length; i++) {
      contacts[i] = "c" + i;
    }
    log.setContacts("ada", contacts).forget();

    log.addContact("ada", "c1").addContact("ada", "more");

    assertThat(log.deadLetters())
        .containsExactly("{\"type\":\"contact_added\",\"user_id\":\"ada\",\"contact\":\"more\"}");
  }

  @Test
  void shouldForgetTheOldestGoodbyeWhenThereAreTooMany() {
    for (int i = 0; i <= 1_000; i++) {
      log.goodbye("ada", "s" + i);
    }

    log.heartbeat("ada", "s1");
    assertThat(log.changes()).isEmpty();

    log.heartbeat("ada", "s0");
    assertThat(log.changes()).containsExactly("ada: offline → online, heartbeat");
  }
}
