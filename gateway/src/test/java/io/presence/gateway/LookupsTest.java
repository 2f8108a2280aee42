package io.presence.gateway;

import static io.presence.gateway.WritesTest.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What lookups answer. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LookupsTest {
  private final TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries());

  @AfterAll
  void stop() {
    gateway.close();
  }

  @Test
  void shouldAnswerPresenceAsItCame() throws Exception {
    HttpResponse<String> response = gateway.get("/v1/users/bob/presence");
    assertThat(response.body()).isEqualTo(FakeQueries.presence("bob"));
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(response.headers().firstValue("Presence-Stale")).isEmpty();
    assertThat(gateway.get("/v1/users/stale1/presence").headers().firstValue("Presence-Stale"))
        .hasValue("true");
  }

  @Test
  void shouldAnswerTheSameForHiddenAndUnknownButForTheId() throws Exception {
    HttpResponse<String> hidden = gateway.get("/v1/users/hidden1/presence");
    HttpResponse<String> unknown = gateway.get("/v1/users/unknown/presence");
    assertProblem(hidden, 404);
    assertThat(hidden.body()).isEqualTo(unknown.body().replace("unknown", "hidden1"));
    assertThat(hidden.headers().map().keySet()).isEqualTo(unknown.headers().map().keySet());
    assertThat(gateway.get("/v1/users/hidden1/presence?requester_id=ada").statusCode())
        .isEqualTo(200);
  }

  @Test
  void shouldAnswerHeadAsGetWithoutBody() throws Exception {
    assertThat(gateway.send("HEAD", "/v1/users/bob/presence").statusCode()).isEqualTo(200);
    assertThat(gateway.send("HEAD", "/v1/users/hidden1/presence").statusCode()).isEqualTo(404);
    assertThat(gateway.send("HEAD", "/v1/users/bob/presence").body()).isEmpty();
  }

  @Test
  void shouldSayUnavailableWhenNobodyCouldBeAsked() throws Exception {
    assertProblem(gateway.get("/v1/users/gone/presence"), 503);
    assertProblem(gateway.get("/v1/users/broken/presence"), 503);
    assertProblem(gateway.get("/v1/users/gone/status"), 503);
    assertProblem(gateway.get("/v1/users/broken/contacts"), 503);
  }

  @Test
  void shouldJoinManyFromTheirBytes() throws Exception {
    HttpResponse<String> response =
        gateway.send(
            "POST",
            "/v1/presence/query",
            "{\"user_ids\":[\"bob\",\"hidden1\",\"gone1\",\"bob\",\"unknown1\",\"stale1\",\"gone2\"]}");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body())
        .isEqualTo(
            "{\"presences\":{\"bob\":"
                + FakeQueries.presence("bob")
                + ",\"stale1\":"
                + FakeQueries.presence("stale1")
                + "},\"unavailable\":[\"gone1\",\"gone2\"],\"stale\":true}");
    assertThat(gateway.get("/v1/presence?user_ids=bob,hidden1&requester_id=ada").body())
        .isEqualTo(
            "{\"presences\":{\"bob\":"
                + FakeQueries.presence("bob")
                + ",\"hidden1\":"
                + FakeQueries.presence("hidden1")
                + "},\"unavailable\":[]}");
    assertThat(gateway.get("/v1/presence?user_ids=unknown1").body())
        .isEqualTo("{\"presences\":{},\"unavailable\":[]}");
  }

  @Test
  void shouldSayAllAreUnavailableWhenLookupFails() throws Exception {
    JsonNode answer = Json.MAPPER.readTree(gateway.get("/v1/presence?user_ids=broken,bob").body());
    assertThat(answer.get("presences").size()).isZero();
    assertThat(answer.get("unavailable").toString()).isEqualTo("[\"broken\",\"bob\"]");
  }

  @Test
  void shouldNameBadIdByItsPlace() throws Exception {
    JsonNode problem = assertProblem(gateway.get("/v1/presence?user_ids=a,b%20c"), 400);
    assertThat(problem.at("/errors/0/field").asText()).isEqualTo("user_ids[1]");
    problem =
        assertProblem(
            gateway.send("POST", "/v1/presence/query", "{\"user_ids\":[\"a\",\"b\",\"\"]}"), 400);
    assertThat(problem.at("/errors/0/field").asText()).isEqualTo("user_ids[2]");
    assertProblem(gateway.get("/v1/presence"), 400);
    assertProblem(gateway.send("POST", "/v1/presence/query", "{\"user_ids\":[]}"), 400);
    assertProblem(gateway.get("/v1/users/bob/presence?requester_id=x%20y"), 400);
  }

  @Test
  void shouldRefuseMoreThanThousandIds() throws Exception {
    StringBuilder ids = new StringBuilder("{\"user_ids\":[\"u0\"");
    for (int i = 1; i < 1_000; i++) {
      ids.append(",\"u").append(i).append('"');
    }
    HttpResponse<String> thousand = gateway.send("POST", "/v1/presence/query", ids + "]}");
    assertThat(Json.MAPPER.readTree(thousand.body()).get("presences").size()).isEqualTo(1_000);
    assertProblem(gateway.send("POST", "/v1/presence/query", ids + ",\"v\"]}"), 400);
  }

  @Test
  void shouldPassPagesOn() throws Exception {
    assertThat(gateway.get("/v1/users/ada/contacts?limit=3&after=bob").body())
        .isEqualTo("{\"contacts\":[],\"limit\":3,\"after\":\"bob\"}");
    assertThat(gateway.get("/v1/users/ada/sessions").body()).contains("\"limit\":100");
    assertProblem(gateway.get("/v1/users/ada/sessions?limit=1001"), 400);
    assertProblem(gateway.get("/v1/users/ada/sessions?limit=x"), 400);
    assertProblem(gateway.get("/v1/users/ada/sessions?after=bad"), 400);
  }

  @Test
  void shouldTellOwnStatusVisibilityAndExplanation() throws Exception {
    assertThat(gateway.get("/v1/users/ada/status").body()).contains("\"claim\":null");
    assertThat(gateway.get("/v1/users/ada/visibility").body())
        .isEqualTo("{\"visibility\":\"contacts\"}");
    HttpResponse<String> stale = gateway.get("/v1/users/stale/visibility");
    assertThat(stale.headers().firstValue("Presence-Stale")).hasValue("true");
    assertThat(gateway.get("/v1/users/ada/explain").body()).isEqualTo("{\"explained\":\"ada\"}");
  }
}
