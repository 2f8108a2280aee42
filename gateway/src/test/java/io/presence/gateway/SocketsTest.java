package io.presence.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What sockets say and are told. */
class SocketsTest {
  private TestGateway gateway;

  SocketsTest() {
    gateway = TestGateway.start(Map.of(), new FakeQueries());
  }

  @BeforeEach
  void begin() {
    await().until(() -> gateway.gateway.ready());
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void shouldWelcomeAndTurnWhatIsSaidIntoEvents() throws Exception {
    try (SocketClient ada = SocketClient.connect(gateway, "?user_id=ada")) {
      JsonNode welcome = ada.next("welcome");
      String session = welcome.path("session_id").asText();
      assertThat(welcome.path("heartbeat_interval").asDouble()).isEqualTo(15);
      assertThat(welcome.path("away_after").asDouble()).isEqualTo(300);
      assertThat(gateway.written()).isEmpty();

      ada.say("{'type':'set_online','device':'web','custom_status':null}");
      ada.say(
          "{'type':'set_status','status':'busy','custom_status':null,'activity':null,'expires_in':60}");
      ada.say("{'type':'set_status','status':'away','custom_status':''}");
      ada.say("{'type':'set_offline'}");
      ada.hasNothingMore();
      String of = "ada {\"type\":\"%s\",\"user_id\":\"ada\",\"session_id\":\"" + session + "\",";
      assertThat(gateway.written())
          .containsExactly(
              of.formatted("connected") + "\"device\":\"web\"}",
              of.formatted("status")
                  + "\"device\":\"web\",\"status\":\"busy\",\"scope\":\"session\",\"expires_in\":60}",
              of.formatted("status")
                  + "\"device\":\"web\",\"status\":\"away\",\"scope\":\"session\",\"custom_status\":null}",
              of.formatted("disconnected") + "\"device\":\"web\"}");
    }
  }

  @Test
  void shouldSendSnapshotThenUpdates() throws Exception {
    try (SocketClient bob = SocketClient.of(gateway, "bob")) {
      bob.say("{'type':'subscribe','user_ids':['ada','hidden1','unknown1','gone1']}");
      JsonNode initial = bob.next("initial_presence");
      assertThat(initial.path("presences").fieldNames()).toIterable().containsExactly("ada");
      assertThat(initial.path("unavailable").toString()).isEqualTo("[\"gone1\"]");
      gateway.change("ada", change("ada", 6, "status_set", "busy", "everyone", ""));
      JsonNode update = bob.next("presence_update");
      assertThat(update.at("/presence/version").asLong()).isEqualTo(6);
      assertThat(update.at("/presence/status").asText()).isEqualTo("busy");
      // Twice, and late: neither is told.
      gateway.change("ada", change("ada", 6, "status_set", "busy", "everyone", ""));
      gateway.change("ada", change("ada", 4, "status_set", "away", "everyone", ""));
      // Of one who is hidden, and of one whom nobody watches.
      gateway.change("hidden1", change("hidden1", 18, "status_set", "busy", "contacts", ""));
      gateway.change("carl", change("carl", 6, "status_set", "busy", "everyone", ""));
      // One last time, then nothing.
      gateway.change("ada", change("ada", 7, "visibility", "busy", "contacts", ""));
      JsonNode last = bob.next("presence_update").path("presence");
      assertThat(last.path("status").asText()).isEqualTo("offline");
      assertThat(last.path("custom_status").isNull()).isTrue();
      assertThat(last.path("last_seen").asDouble()).isEqualTo(7.5);
      gateway.change("ada", change("ada", 8, "status_set", "away", "contacts", ""));
      gateway.change(
          "ada", change("ada", 9, "contact_added", "away", "contacts", ",'contact':'bob'"));
      assertThat(bob.next("presence_update").at("/presence/status").asText()).isEqualTo("away");
      bob.say("{'type':'unsubscribe','user_ids':['ada']}");
      bob.hasNothingMore();
      gateway.change("ada", change("ada", 10, "status_set", "busy", "everyone", ""));
      bob.hasNothingMore();
    }
  }

  @Test
  void shouldAnswerWhatIsWrong() throws Exception {
    try (SocketClient ada = SocketClient.of(gateway, "ada")) {
      assertError(ada, "no json", "invalid_message");
      assertError(ada, "[]", "invalid_message");
      assertError(ada, "{}", "invalid_message");
      assertError(ada, "{'type':'dance'}", "unknown_type");
      assertError(ada, "{'type':'subscribe'}", "invalid_message");
      assertError(ada, "{'type':'subscribe','user_ids':['a b']}", "invalid_message");
      assertError(ada, "{'type':'set_status','status':'away'}", "not_online");
      assertError(ada, "{'type':'set_status','status':'gone'}", "invalid_message");
      for (int block = 0; block < 5; block++) {
        ada.say("{'type':'subscribe','user_ids':[" + ids(block * 1000, 1000) + "]}");
        ada.next("initial_presence");
      }
      assertError(ada, "{'type':'subscribe','user_ids':['more']}", "too_many_subscriptions");
      assertThat(gateway.written()).isEmpty();
    }
    try (SocketClient service = SocketClient.connect(gateway, "")) {
      service.next("welcome");
      assertError(service, "{'type':'set_online','device':'web'}", "no_user");
    }
  }

  @Test
  void shouldCloseWithTheReason() throws Exception {
    try (SocketClient binary = SocketClient.of(gateway, "ada");
        SocketClient large = SocketClient.of(gateway, "ada");
        SocketClient fragments = SocketClient.of(gateway, "ada");
        SocketClient flood = SocketClient.of(gateway, "ada");
        SocketClient foreign =
            SocketClient.connectFrom(gateway, "?user_id=ada", "https://elsewhere.example");
        SocketClient near =
            SocketClient.connectFrom(gateway, "?user_id=ada", "http://localhost:3000");
        SocketClient nobody = SocketClient.connect(gateway, "?user_id=a%20b");
        SocketClient other = SocketClient.connect(gateway, "?user_id=ada&requester_id=bob")) {
      binary.socket().sendBinary(ByteBuffer.wrap(new byte[] {1}), true).join();
      assertThat(binary.closed().code()).isEqualTo(1003);
      large
          .socket()
          .sendText("x".repeat(1024 * 1024), true)
          .exceptionally(failure -> large.socket())
          .join();
      assertThat(large.closed().code()).isEqualTo(1009);
      sendFragments(fragments.socket());
      assertThat(fragments.closed().code()).isEqualTo(1009);
      for (int i = 0; i < 1_200 && !flood.socket().isOutputClosed(); i++) {
        flood.socket().sendText("{}", true).exceptionally(failure -> flood.socket()).join();
      }
      assertThat(flood.closed().code()).isEqualTo(4429);
      assertThat(foreign.closed().code()).isEqualTo(4403);
      near.next("welcome");
      assertThat(nobody.closed().code()).isEqualTo(4401);
      assertThat(other.closed().code()).isEqualTo(4403);
    }
    assertThat(gateway.get("/presence").statusCode()).isEqualTo(426);
    assertThat(gateway.get("/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldTellHowTheyEnded() throws Exception {
    try (SocketClient ada = SocketClient.of(gateway, "ada");
        SocketClient bob = SocketClient.of(gateway, "bob")) {
      ada.say("{'type':'heartbeat','device':'web'}");
      bob.say("{'type':'heartbeat','device':'web'}");
      ada.hasNothingMore();
      bob.hasNothingMore();
      assertThat(String.join("\n", gateway.written()))
          .contains("\"heartbeats\"")
          .contains("\"ada\"")
          .contains("\"bob\"");
      ada.socket().sendClose(WebSocket.NORMAL_CLOSURE, "").join();
      ada.closed();
      bob.socket().abort();
      await().until(() -> gateway.producer.history().size() == 2);
      List<String> ends = gateway.written();
      assertThat(ends).anyMatch(e -> e.startsWith("ada ") && !e.contains("grace"));
      assertThat(ends).anyMatch(e -> e.startsWith("bob ") && e.contains("\"grace\":10"));
    }
  }

  @Test
  void shouldDrainWithAdviceWhenItCloses() throws Exception {
    try (SocketClient ada = SocketClient.of(gateway, "ada")) {
      ada.say("{'type':'set_online','device':'web'}");
      ada.hasNothingMore();
      gateway.gateway.close();
      SocketClient.Closed closed = ada.closed();
      assertThat(closed.code()).isEqualTo(1001);
      assertThat(closed.reason()).matches("retry_after=\\d+\\.\\d{3}");
      assertThat(gateway.written().getLast()).contains("\"disconnected\"", "\"grace\":30");
    }
  }

  @Test
  void shouldStreamTheSameAsEvents() throws Exception {
    var response =
        gateway
            .client()
            .send(
                gateway.request("/v1/stream?user_ids=ada,hidden1&user_id=bob").build(),
                java.net.http.HttpResponse.BodyHandlers.ofLines());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElse(""))
        .startsWith("text/event-stream");
    var lines = response.body().filter(line -> !line.isEmpty()).iterator();
    assertThat(lines.next()).startsWith("retry: ");
    assertThat(lines.next()).isEqualTo("event: initial_presence");
    assertThat(lines.next()).contains("\"presences\":{\"ada\":");
    gateway.change("ada", change("ada", 6, "status_set", "busy", "everyone", ""));
    assertThat(lines.next()).isEqualTo("event: presence_update");
    assertThat(lines.next()).startsWith("data: {\"type\":\"presence_update\",\"presence\":{");
    assertThat(gateway.get("/v1/stream").statusCode()).isEqualTo(400);
    assertThat(gateway.get("/v1/stream?user_ids=a&user_id=b&requester_id=c").statusCode())
        .isEqualTo(403);
  }

  /**
   * No more than makes it too large: what is still on its way when the gateway closes would make
   * the kernel reset the connection, and the reason be lost.
   */
  private static void sendFragments(WebSocket socket) {
    for (int i = 0; i < 4; i++) {
      socket.sendText("x".repeat(65_000), false).join();
    }
    socket.sendText("x".repeat(4_000), false).join();
  }

  private static void assertError(SocketClient client, String said, String code) throws Exception {
    client.say(said);
    assertThat(client.next("error").path("code").asText()).as(said).isEqualTo(code);
  }

  private static String ids(int from, int count) {
    return IntStream.range(from, from + count)
        .mapToObj(i -> "'u" + i + "'")
        .collect(Collectors.joining(","));
  }

  private static String change(
      String userId, long version, String reason, String status, String visibility, String more) {
    return ("{'user_id':'%1$s','version':%2$d,'at':7.500,'reason':'%3$s','from':'online','to':'%4$s',"
            + "'presence':{'user_id':'%1$s','status':'%4$s','last_seen':7.500,'device':'web',"
            + "'custom_status':'secret','activity':null,'since':7.500,'version':%2$d,'devices':{}},"
            + "'visibility':'%5$s'%6$s}")
        .formatted(userId, version, reason, status, visibility, more);
  }
}
