package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The whole of it in this JVM, from HTTP to topics and back, with short windows. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class StandaloneIT {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Topics TOPICS = new Topics("");

  @TempDir static Path data;
  private static Standalone standalone;

  @BeforeAll
  static void start() throws Exception {
    standalone = Standalone.start(settings(data));
  }

  @AfterAll
  static void stop() {
    standalone.close();
  }

  @Test
  @Order(1)
  void shouldReportASilentUserOfflineAfterTheTtl() {
    Client client = client();
    try (TopicReader states = reader(TOPICS.state());
        TopicReader changes = reader(TOPICS.changes())) {
      client.post("/v1/users/silent/heartbeat", "{'device':'web'}").is(202);
      await().atMost(PATIENCE).until(() -> status("silent").equals("online"));

      await().atMost(PATIENCE).until(() -> status("silent").equals("offline"));
      assertThat(client.lookup(null, List.of("silent")).at("/presences/silent/status").asText())
          .isEqualTo("offline");
      await().atMost(PATIENCE).until(() -> changes.of("silent").size() == 2);
      JsonNode change = Objects.requireNonNull(changes.of("silent").getLast());
      assertThat(change.path("reason").asText()).isEqualTo("timed_out");
      assertThat(change.path("from").asText()).isEqualTo("online");
      assertThat(change.path("to").asText()).isEqualTo("offline");
      assertThat(change.path("at").asDouble() - change.at("/presence/last_seen").asDouble())
          .isBetween(2.99, 5.0);
      await().atMost(PATIENCE).until(() -> states.of("silent").size() >= 2);
      JsonNode state = Objects.requireNonNull(states.of("silent").getLast());
      assertThat(state.path("status").asText()).isEqualTo("offline");
      assertThat(state.path("version")).isEqualTo(change.path("version"));
    }
    assertThat(
            client
                .get("/v1/users/silent/sessions")
                .is(200)
                .json()
                .at("/sessions/0/reason")
                .asText())
        .isEqualTo("timed_out");
  }

  @Test
  @Order(2)
  void shouldShowBusyToContactsAndNothingToStrangers() {
    Client client = client();
    client.post("/v1/users/ada/online", "{'device':'ios','session_id':'s1'}").is(202);
    client
        .put(
            "/v1/users/ada/status",
            "{'status':'busy','custom_status':'shipping','activity':'in_call'}")
        .is(202);
    client.put("/v1/users/ada/visibility", "{'visibility':'contacts'}").is(202);
    client.put("/v1/users/ada/contacts/bob", "").is(202);

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode shown = client.lookup("bob", List.of("ada")).at("/presences/ada");
              assertThat(shown.path("status").asText()).isEqualTo("busy");
              assertThat(shown.path("custom_status").asText()).isEqualTo("shipping");
              assertThat(shown.path("activity").asText()).isEqualTo("in_call");
              assertThat(shown.at("/devices/ios").asText()).isEqualTo("busy");
            });
    JsonNode stranger = client.lookup("eve", List.of("ada"));
    assertThat(stranger).isEqualTo(client.lookup("eve", List.of("nobody")));
    assertThat(client.get("/v1/users/ada/presence").status()).isEqualTo(404);
    assertThat(client.get("/v1/users/ada/status").is(200).json().at("/claim/status").asText())
        .isEqualTo("busy");
    assertThat(client.get("/v1/users/ada/contacts").is(200).json().at("/contacts/0").asText())
        .isEqualTo("bob");
  }

  @Test
  @Order(3)
  void shouldFallBackToWhatIsDerivedWhenAClaimExpires() {
    Client client = client();
    try (TopicReader changes = reader(TOPICS.changes())) {
      client.post("/v1/users/carl/online", "{'device':'web'}").is(202);
      client.put("/v1/users/carl/status", "{'status':'busy','expires_in':1}").is(202);
      await().atMost(PATIENCE).until(() -> reasons(changes, "carl").contains("status_expired"));
      List<JsonNode> all = changes.of("carl").stream().map(Objects::requireNonNull).toList();
      JsonNode expired =
          all.stream()
              .filter(change -> change.path("reason").asText().equals("status_expired"))
              .findFirst()
              .orElseThrow();
      assertThat(expired.path("from").asText()).isEqualTo("busy");
      assertThat(expired.path("to").asText()).isEqualTo("online");
    }
  }

  @Test
  @Order(4)
  void shouldKeepSomeoneOnlineWhoseHeartbeatsComeInTime() throws Exception {
    Client client = client();
    try (TopicReader changes = reader(TOPICS.changes())) {
      long start = System.nanoTime();
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(300))
          .until(
              () -> {
                client.post("/v1/users/dora/heartbeat", "{'active':true}").is(202);
                return System.nanoTime() - start > Duration.ofSeconds(5).toNanos();
              });
      changes.readToEnd();
      assertThat(reasons(changes, "dora")).containsExactly("heartbeat");
    }
  }

  @Test
  @Order(5)
  void shouldServeTheHealthChecksOfTheContainers() throws Exception {
    for (String service : List.of("gateway-1", "gateway-2", "proxy")) {
      String path =
          URI.create(ComposeFile.healthUrl(ComposeFile.read().service(service))).getPath();
      client().get(path).is(200);
    }
    assertThat(client().get("/metrics").is(200).text()).contains("kafka_producer");
  }

  @Test
  @Order(6)
  void shouldAnswerForIdsThatCannotBe() {
    Client client = client();
    String tooLong = "x".repeat(129);
    for (String id : List.of(tooLong, "a%20b", "a%0ab", "%C3%A9")) {
      Client.Answer answer = client.post("/v1/users/" + id + "/heartbeat", "{}");
      assertThat(answer.status()).as(id).isEqualTo(400);
      assertThat(answer.response().headers().firstValue("Content-Type").orElse(""))
          .contains("application/problem+json");
    }
    assertThat(client.post("/v1/users/ok/heartbeat", "{'device':").status()).isEqualTo(400);
    byte[] huge =
        ("{\"user_ids\":[\"" + "x".repeat(1_100_000) + "\"]}").getBytes(StandardCharsets.UTF_8);
    assertThat(client.send("POST", "/v1/presence/query", huge).status()).isEqualTo(413);
  }

  @Test
  @Order(7)
  void shouldEmitNothingThatThePublishedSchemasDoNotKnow() throws Exception {
    Client client = client();
    client.post("/v1/users/batched/heartbeat", "{'device':'web'}").is(202);
    client
        .post(
            "/v1/events",
            """
            {'events':[
             {'type':'connected','user_id':'all','session_id':'s','device':'web','custom_status':'x'},
             {'type':'heartbeat','user_id':'all','session_id':'s','active':false},
             {'type':'activity','user_id':'all','session_id':'s'},
             {'type':'status','user_id':'all','status':'away','scope':'session','session_id':'s'},
             {'type':'status','user_id':'all','status':'busy','scope':'user','activity':'focus','expires_in':60},
             {'type':'status','user_id':'all','status':'invisible','scope':'user'},
             {'type':'status','user_id':'all','status':'online','scope':'user','custom_status':null},
             {'type':'visibility','user_id':'all','visibility':'nobody'},
             {'type':'visibility','user_id':'all','visibility':'contacts'},
             {'type':'contact_added','user_id':'all','contact':'bob'},
             {'type':'contacts_set','user_id':'all','contacts':['bob','eve']},
             {'type':'contact_removed','user_id':'all','contact':'bob'},
             {'type':'disconnected','user_id':'all','session_id':'s'},
             {'type':'erased','user_id':'all'}]}""")
        .is(202);
    try (TopicReader changes = reader(TOPICS.changes())) {
      await().atMost(PATIENCE).until(() -> reasons(changes, "all").contains("erased"));
    }
    Set<String> types = new HashSet<>();
    for (Topic<?> topic :
        List.of(TOPICS.events(), TOPICS.state(), TOPICS.changes(), TOPICS.sessions())) {
      try (TopicReader reader = reader(topic)) {
        List<ConsumerRecord<byte[], byte[]>> records = reader.readToEnd();
        assertThat(records).as(topic.name()).isNotEmpty();
        for (ConsumerRecord<byte[], byte[]> record : records) {
          if (record.value() == null) {
            assertThat(topic.name()).as("a tombstone").isEqualTo(TOPICS.state().name());
            continue;
          }
          assertThat(PublishedSchemas.faults(topic.name(), record.value()))
              .as("%s: %s", topic.name(), new String(record.value(), StandardCharsets.UTF_8))
              .isEmpty();
          if (topic.name().equals(TOPICS.events().name())) {
            types.add(TopicReader.json(record.value()).path("type").asText());
          }
        }
      }
    }
    assertThat(types).contains("heartbeats", "tick", "connected", "status", "erased");
    try (TopicReader deadLetters = reader(TOPICS.deadLetters())) {
      assertThat(deadLetters.readToEnd()).isEmpty();
    }
  }

  @Test
  @Order(8)
  void shouldRefuseASecondStartAndTakenPorts() throws Exception {
    assertThatThrownBy(() -> Standalone.start(settings(data)))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("PRESENCE_DATA_DIR: " + data.resolve("kafka") + " is in use");
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      for (String setting : List.of("PRESENCE_HTTP_PORT", "PRESENCE_KAFKA_PORT")) {
        Map<String, String> settings = settings(data.resolve("other"));
        settings.put(setting, Integer.toString(taken.getLocalPort()));
        assertThatThrownBy(() -> Standalone.start(settings))
            .isInstanceOf(StartException.class)
            .hasMessageStartingWith(setting + ": cannot listen on port " + taken.getLocalPort());
      }
    }
    Map<String, String> wrong = settings(data.resolve("other"));
    wrong.put("PRESENCE_HEARTBEAT_TTL", "soon");
    wrong.put("PRESENCE_HEART", "1s");
    assertThatThrownBy(() -> Standalone.start(wrong))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("PRESENCE_HEARTBEAT_TTL: expected a duration")
        .hasMessageContaining("PRESENCE_HEART: there is no such setting");
    assertThat(Files.exists(data.resolve("other/kafka/meta.properties"))).isFalse();
  }

  @Test
  @Order(9)
  void shouldKnowItsUsersWhenStartedAgainOnTheSameDirectory() throws Exception {
    String before = client().lookup("bob", List.of("ada", "silent")).path("presences").toString();
    assertThat(before).contains("shipping");
    standalone.close();
    standalone = Standalone.start(settings(data));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(
                        client()
                            .lookup("bob", List.of("ada", "silent"))
                            .path("presences")
                            .toString())
                    .isEqualTo(before));
    client().post("/v1/users/silent/online", "{'device':'web'}").is(202);
    await().atMost(PATIENCE).until(() -> status("silent").equals("online"));
  }

  private static Map<String, String> settings(Path directory) {
    return new HashMap<>(
        Map.of(
            "PRESENCE_DATA_DIR", directory.toString(),
            "PRESENCE_HTTP_PORT", "0",
            "PRESENCE_KAFKA_PORT", "0",
            "PRESENCE_HEARTBEAT_TTL", "3s"));
  }

  private static Client client() {
    return new Client(standalone.httpPort());
  }

  private static TopicReader reader(Topic<?> topic) {
    return new TopicReader(standalone.bootstrapServers(), topic.name());
  }

  private static String status(String userId) {
    Client.Answer answer = client().get("/v1/users/" + userId + "/presence");
    return answer.status() == 200 ? answer.json().path("status").asText() : "";
  }

  private static List<String> reasons(TopicReader changes, String userId) {
    return changes.of(userId).stream()
        .map(change -> Objects.requireNonNull(change).path("reason").asText())
        .toList();
  }
}
