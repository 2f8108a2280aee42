package io.presence.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What each route writes, and when it says so. */
final class WritesTest {
  private TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries());

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void shouldWriteHeartbeatAsBatchWithoutKey() throws Exception {
    assertAccepted(
        gateway.send("POST", "/v1/users/ada/heartbeat", "{\"device\":\"web\",\"active\":true}"));
    assertThat(gateway.written())
        .containsExactly("{\"type\":\"heartbeats\",\"entries\":[[\"ada\",null,\"web\",true]]}");
  }

  @Test
  void shouldTakeHeartbeatWithoutBody() throws Exception {
    assertAccepted(gateway.send("POST", "/v1/users/ada/heartbeat"));
    assertThat(gateway.written())
        .containsExactly("{\"type\":\"heartbeats\",\"entries\":[[\"ada\",null,null]]}");
  }

  @Test
  void shouldWriteConnectedWhenOnline() throws Exception {
    assertAccepted(
        gateway.send(
            "POST",
            "/v1/users/ada/online",
            "{\"device\":\"web\",\"session_id\":\"s1\",\"custom_status\":\"hi\"}"));
    assertThat(gateway.written())
        .containsExactly(
            "ada {\"type\":\"connected\",\"user_id\":\"ada\",\"session_id\":\"s1\",\"device\":\"web\",\"custom_status\":\"hi\"}");
  }

  @Test
  void shouldEndOneSessionWhenOfflineNamesIt() throws Exception {
    assertAccepted(gateway.send("POST", "/v1/users/ada/offline", "{\"device\":\"web\"}"));
    assertThat(gateway.written())
        .containsExactly("ada {\"type\":\"disconnected\",\"user_id\":\"ada\",\"device\":\"web\"}");
  }

  @Test
  void shouldEndAllSessionsWhenOfflineNamesNone() throws Exception {
    assertAccepted(gateway.send("POST", "/v1/users/ada/offline"));
    assertThat(gateway.written())
        .containsExactly("ada {\"type\":\"disconnected\",\"user_id\":\"ada\",\"all\":true}");
  }

  @Test
  void shouldTellAbsentFromNullWhenStatusIsSet() throws Exception {
    assertAccepted(
        gateway.send(
            "PUT",
            "/v1/users/ada/status",
            "{\"status\":\"busy\",\"custom_status\":null,\"activity\":\"in_call\",\"expires_in\":60}"));
    assertThat(gateway.written())
        .containsExactly(
            "ada {\"type\":\"status\",\"user_id\":\"ada\",\"status\":\"busy\",\"scope\":\"user\",\"custom_status\":null,\"activity\":\"in_call\",\"expires_in\":60}");
  }

  @Test
  void shouldMeanInvisibleWhenStatusIsOffline() throws Exception {
    assertAccepted(gateway.send("PUT", "/v1/users/ada/status", "{\"status\":\"offline\"}"));
    assertThat(gateway.written())
        .containsExactly(
            "ada {\"type\":\"status\",\"user_id\":\"ada\",\"status\":\"invisible\",\"scope\":\"user\"}");
  }

  @Test
  void shouldClearClaimWhenStatusIsDeleted() throws Exception {
    assertAccepted(gateway.send("DELETE", "/v1/users/ada/status"));
    assertThat(gateway.written())
        .containsExactly(
            "ada {\"type\":\"status\",\"user_id\":\"ada\",\"status\":\"online\",\"scope\":\"user\"}");
  }

  @Test
  void shouldWriteVisibilityContactsAndErasure() throws Exception {
    assertAccepted(
        gateway.send("PUT", "/v1/users/ada/visibility", "{\"visibility\":\"contacts\"}"));
    assertAccepted(gateway.send("PUT", "/v1/users/ada/contacts/bob"));
    assertAccepted(gateway.send("DELETE", "/v1/users/ada/contacts/bob"));
    assertAccepted(
        gateway.send("PUT", "/v1/users/ada/contacts", "{\"contacts\":[\"bob\",\"eve\",\"bob\"]}"));
    assertAccepted(gateway.send("DELETE", "/v1/users/ada"));
    assertThat(gateway.written())
        .containsExactly(
            "ada {\"type\":\"visibility\",\"user_id\":\"ada\",\"visibility\":\"contacts\"}",
            "ada {\"type\":\"contact_added\",\"user_id\":\"ada\",\"contact\":\"bob\"}",
            "ada {\"type\":\"contact_removed\",\"user_id\":\"ada\",\"contact\":\"bob\"}",
            "ada {\"type\":\"contacts_set\",\"user_id\":\"ada\",\"contacts\":[\"bob\",\"eve\"]}",
            "ada {\"type\":\"erased\",\"user_id\":\"ada\"}");
  }

  @Test
  void shouldWriteEventsInTheirOrder() throws Exception {
    assertAccepted(
        gateway.send(
            "POST",
            "/v1/events",
            "{\"events\":[{\"type\":\"connected\",\"user_id\":\"ada\"},{\"type\":\"heartbeat\",\"user_id\":\"ada\"},{\"type\":\"disconnected\",\"user_id\":\"ada\",\"grace\":2.5}]}"));
    assertThat(gateway.written())
        .containsExactly(
            "ada {\"type\":\"connected\",\"user_id\":\"ada\"}",
            "ada {\"type\":\"heartbeat\",\"user_id\":\"ada\"}",
            "ada {\"type\":\"disconnected\",\"user_id\":\"ada\",\"grace\":2.5}");
  }

  @Test
  void shouldNameEachBadEventAndTakeNone() throws Exception {
    HttpResponse<String> response =
        gateway.send(
            "POST",
            "/v1/events",
            "{\"events\":[{\"type\":\"connected\",\"user_id\":\"ada\"},{\"type\":\"tick\"},{\"type\":\"heartbeats\",\"entries\":[]},{\"type\":\"connected\",\"user_id\":\"a b\"},7,{\"type\":\"new\"}]}");
    JsonNode problem = assertProblem(response, 400);
    assertThat(problem.get("errors").findValuesAsText("index"))
        .containsExactly("1", "2", "3", "4", "5");
    assertThat(problem.get("errors").findValuesAsText("field"))
        .containsExactly("type", "type", "user_id", "", "type");
    assertThat(gateway.written()).isEmpty();
  }

  @Test
  void shouldTakeNoEventThatGatewaysAloneMayWrite() throws Exception {
    HttpResponse<String> response =
        gateway.send(
            "POST",
            "/v1/events",
            "{\"events\":[{\"type\":\"interest\",\"user_id\":\"ada\",\"gateway\":\"g1.0\",\"on\":false},{\"type\":\"lease\",\"gateway\":\"g1.0\",\"interests\":7}]}");
    JsonNode problem = assertProblem(response, 400);
    assertThat(problem.get("errors").findValuesAsText("index")).containsExactly("0", "1");
    assertThat(gateway.written()).isEmpty();
  }

  @Test
  void shouldNameFieldThatIsWrong() throws Exception {
    assertField(gateway.send("PUT", "/v1/users/ada/status", "{\"status\":\"happy\"}"), "status");
    assertField(gateway.send("PUT", "/v1/users/ada/status", "{}"), "status");
    assertField(
        gateway.send("POST", "/v1/users/ada/heartbeat", "{\"session_id\":\"device:x\"}"),
        "session_id");
    assertField(gateway.send("POST", "/v1/users/a%20b/heartbeat"), "id");
    assertField(gateway.send("POST", "/v1/users/a%2Fb/heartbeat"), "id");
    assertField(gateway.send("PUT", "/v1/users/ada/contacts/b%C3%B6b"), "other");
    assertField(gateway.send("POST", "/v1/events", "{\"events\":[]}"), "events");
    assertField(gateway.send("POST", "/v1/users/ada/online", "not json"), "");
    assertField(gateway.send("POST", "/v1/users/ada/online", "[]"), "");
    assertThat(gateway.written()).isEmpty();
  }

  @Test
  void shouldRefuseBodyThatIsTooLarge() throws Exception {
    String large = "{\"x\":\"" + "y".repeat(1024 * 1024) + "\"}";
    assertProblem(gateway.send("POST", "/v1/users/ada/online", large), 413);
    HttpRequest.Builder chunked =
        gateway
            .request("/v1/users/ada/online")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArrays(List.of(large.getBytes(UTF_8))));
    assertProblem(gateway.send(chunked), 413);
  }

  @Test
  void shouldRefuseEventThatNoBrokerTakes() throws Exception {
    StringBuilder contacts = new StringBuilder("{\"contacts\":[");
    for (int i = 0; i < 8_004; i++) {
      contacts.append(i == 0 ? "\"" : ",\"").append(String.format("%0128d", i)).append('"');
    }
    String body = contacts.append("]}").toString();
    assertThat(body.length()).isBetween(1024 * 1024 - 2048, 1024 * 1024);
    assertProblem(gateway.send("PUT", "/v1/users/ada/contacts", body), 413);
    assertThat(gateway.written()).isEmpty();
  }

  @Test
  void shouldRefuseWhatDoesNotSayThatItIsJson() throws Exception {
    HttpRequest.Builder form =
        gateway
            .request("/v1/users/ada/online")
            .header("Content-Type", "text/plain")
            .POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertProblem(gateway.send(form), 415);
  }

  @Test
  void shouldTakeAFormForJsonFromAProgramAndNotFromAWebPage() throws Exception {
    String form = "application/x-www-form-urlencoded";
    HttpRequest.Builder program =
        gateway
            .request("/v1/users/ada/online")
            .header("Content-Type", form)
            .POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertThat(gateway.send(program).statusCode()).isEqualTo(202);
    HttpRequest.Builder page =
        gateway
            .request("/v1/users/ada/online")
            .header("Content-Type", form)
            .header("Origin", "https://elsewhere.example")
            .POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertProblem(gateway.send(page), 415);
  }

  @Test
  void shouldAnswerProblemWhenThereIsNoSuchRouteOrMethod() throws Exception {
    assertProblem(gateway.get("/v1/nothing"), 404);
    HttpResponse<String> response = gateway.send("PATCH", "/v1/users/ada/status");
    assertProblem(response, 405);
    assertThat(response.headers().firstValue("Allow").orElse("")).contains("PUT", "DELETE", "GET");
    for (String line :
        List.of("GET /%zz HTTP/1.1", "GET /v1/" + "x".repeat(20_000) + " HTTP/1.1", "nonsense")) {
      assertThat(answerTo(line))
          .matches("(?s)HTTP/1.1 4(00|14|31) .*")
          .containsIgnoringCase("content-type: application/problem+json")
          .contains("\"type\":\"about:blank\"");
    }
  }

  @Test
  void shouldAnswerOnlyWhenLogHasIt() throws Exception {
    gateway.close();
    gateway = TestGateway.startUnacknowledged(new FakeQueries());
    CompletableFuture<HttpResponse<String>> response = sendAsync("/v1/users/ada/online");
    await().until(() -> gateway.producer.history().size() == 1);
    assertThat(response).isNotDone();
    assertThat(gateway.producer.completeNext()).isTrue();
    assertAccepted(response.join());
  }

  @Test
  void shouldSayUnavailableWhenLogDoesNotHaveIt() throws Exception {
    gateway.close();
    gateway = TestGateway.startUnacknowledged(new FakeQueries());
    for (String path : List.of("/v1/users/ada/online", "/v1/users/ada/heartbeat")) {
      CompletableFuture<HttpResponse<String>> response = sendAsync(path);
      await().until(() -> gateway.producer.errorNext(new TimeoutException("no leader")));
      assertProblem(response.join(), 503);
      assertThat(response.join().headers().firstValue("Retry-After")).isPresent();
    }
  }

  @Test
  void shouldFinishWhatIsUnderWayWhenClosed() throws Exception {
    gateway.close();
    gateway = TestGateway.startUnacknowledged(new FakeQueries());
    CompletableFuture<HttpResponse<String>> response = sendAsync("/v1/users/ada/online");
    await().until(() -> gateway.producer.history().size() == 1);
    CompletableFuture<Void> closed = CompletableFuture.runAsync(gateway.gateway::close);
    await().until(() -> !accepts());
    assertThat(closed).isNotDone();
    assertThat(gateway.producer.completeNext()).isTrue();
    assertAccepted(response.join());
    closed.join();
  }

  /** What comes back on a connection that begins with this line. */
  private String answerTo(String line) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.gateway.port())) {
      String head = line + "\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private boolean accepts() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.gateway.port())) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private CompletableFuture<HttpResponse<String>> sendAsync(String path) {
    return gateway
        .client()
        .sendAsync(
            gateway.request(path).POST(HttpRequest.BodyPublishers.noBody()).build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static void assertAccepted(HttpResponse<String> response) {
    assertThat(response.body()).isEmpty();
    assertThat(response.statusCode()).isEqualTo(202);
  }

  private static void assertField(HttpResponse<String> response, String field) throws Exception {
    JsonNode problem = assertProblem(response, 400);
    assertThat(problem.at("/errors/0/field").asText()).isEqualTo(field);
  }

  static JsonNode assertProblem(HttpResponse<String> response, int status) throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    JsonNode problem = Json.MAPPER.readTree(response.body());
    assertThat(problem.get("status").asInt()).isEqualTo(status);
    assertThat(problem.get("detail").asText()).isNotEmpty();
    return problem;
  }
}
