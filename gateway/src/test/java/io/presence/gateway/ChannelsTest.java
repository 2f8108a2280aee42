package io.presence.gateway;

import static io.presence.gateway.WritesTest.assertProblem;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.http.HttpRequest;
import java.net.http.WebSocket;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Channels, over sockets and over HTTP. */
final class ChannelsTest {
  private static final String SECRET = "0123456789abcdef0123456789abcdef";

  private TestGateway gateway;

  ChannelsTest() {
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
  void shouldTurnWhatIsSaidOfChannelsIntoEvents() throws Exception {
    try (SocketClient ada = SocketClient.connect(gateway, "?user_id=ada")) {
      String session = ada.next("welcome").path("session_id").asText();
      ada.say(
          "{'type':'join_channel','channel_id':'room','metadata':{'name':'Ada'},'hidden':null}");
      ada.next("initial_channel");
      ada.say("{'type':'update_channel','channel_id':'room','metadata':null}");
      ada.say("{'type':'join_channel','channel_id':'room'}");
      ada.say("{'type':'leave_channel','channel_id':'room'}");
      ada.say("{'type':'leave_channel','channel_id':'room'}");
      ada.say("{'type':'start_viewing','doc_id':'d'}");
      ada.next("initial_channel");
      ada.say("{'type':'update_channel','channel_id':'doc:d','metadata':{'color':'red'}}");
      ada.say("{'type':'start_editing','doc_id':'d'}");
      ada.say("{'type':'join_channel','channel_id':'doc:d','hidden':true}");
      ada.hasNothingMore();
      String of =
          "%s {\"type\":\"%s\",\"channel_id\":\"%1$s\",\"user_id\":\"ada\",\"session_id\":\""
              + session
              + "\"%s}";
      assertThat(gateway.written())
          .containsExactly(
              of.formatted("room", "joined", ",\"metadata\":{\"name\":\"Ada\"},\"hidden\":false"),
              of.formatted("room", "updated", ",\"metadata\":null"),
              of.formatted("room", "joined", ",\"hidden\":false"),
              of.formatted("room", "left", ""),
              of.formatted(
                  "doc:d", "joined", ",\"metadata\":{\"mode\":\"viewing\"},\"hidden\":false"),
              of.formatted("doc:d", "updated", ",\"metadata\":{\"color\":\"red\"}"),
              of.formatted(
                  "doc:d",
                  "joined",
                  ",\"metadata\":{\"color\":\"red\",\"mode\":\"editing\"},\"hidden\":false"),
              of.formatted("doc:d", "joined", ",\"hidden\":true"));
    }
  }

  @Test
  void shouldEndMembershipsWithTheSocket() throws Exception {
    SocketClient ada = SocketClient.of(gateway, "ada");
    ada.say("{'type':'join_channel','channel_id':'room'}");
    ada.next("initial_channel");
    ada.close();
    await()
        .until(
            () ->
                gateway.written().stream()
                    .anyMatch(
                        event -> event.contains("disconnected") && event.contains("\"grace\":10")));
    SocketClient bob = SocketClient.of(gateway, "bob");
    bob.say("{'type':'join_channel','channel_id':'room'}");
    bob.next("initial_channel");
    bob.socket().sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    await()
        .until(
            () ->
                gateway.written().stream()
                    .anyMatch(event -> event.contains("disconnected") && !event.contains("grace")));
  }

  @Test
  void shouldTellMembersAndWhatBecomesOfThem() throws Exception {
    try (SocketClient eve = SocketClient.of(gateway, "eve")) {
      eve.say("{'type':'watch_channel','channel_id':'room'}");
      JsonNode initial = eve.next("initial_channel");
      assertThat(initial.path("count").asInt()).isEqualTo(3);
      assertThat(initial.path("first").asBoolean()).isTrue();
      assertThat(initial.has("more")).isFalse();
      assertThat(initial.at("/members/0").toString())
          .isEqualTo("{\"user_id\":\"ada\",\"joined_at\":1,\"last_seen\":2,\"metadata\":null}");
      assertThat(initial.at("/members/2/user_id").asText()).isEqualTo("hidden");
      assertThat(initial.at("/members/2/last_seen").isNull()).isTrue();
      // Known already.
      gateway.channelChange("room", change("updated", "ada", 3, 6));
      gateway.channelChange("room", change("joined", "carl", 4, 8));
      assertThat(eve.next("channel_update").toString())
          .isEqualTo(
              "{\"type\":\"channel_update\",\"channel_id\":\"room\",\"event\":\"joined\",\"member\":"
                  + "{\"user_id\":\"carl\",\"joined_at\":5,\"last_seen\":null,"
                  + "\"metadata\":{\"a\":1}},\"count\":4}");
      gateway.channelChange("room", change("left", "carl", 3, 9));
      JsonNode left = eve.next("channel_update");
      assertThat(left.path("event").asText()).isEqualTo("left");
      assertThat(left.path("reason").asText()).isEqualTo("timed_out");
      // Watched and joined: it is followed as long as one of the two holds.
      eve.say("{'type':'join_channel','channel_id':'room'}");
      eve.say("{'type':'unwatch_channel','channel_id':'room'}");
      eve.hasNothingMore();
      gateway.channelChange("room", change("joined", "dan", 4, 10));
      eve.next("channel_update");
      eve.say("{'type':'leave_channel','channel_id':'room'}");
      eve.hasNothingMore();
      gateway.channelChange("room", change("joined", "fay", 5, 11));
      eve.hasNothingMore();
    }
  }

  @Test
  void shouldJoinAgainWhenThoughtDead() throws Exception {
    try (SocketClient carl = SocketClient.of(gateway, "carl")) {
      carl.say("{'type':'join_channel','channel_id':'room','metadata':{'a':1}}");
      carl.next("initial_channel");
      List<String> written = gateway.written();
      assertThat(written).hasSize(1);
      gateway.channelChange("room", change("left", "carl", 2, 9));
      carl.next("channel_update");
      List<String> again = new ArrayList<>();
      await()
          .until(
              () -> {
                again.addAll(gateway.written());
                return !again.isEmpty();
              });
      assertThat(again).isEqualTo(written);
    }
  }

  /** A join that says no metadata keeps what was said: also where Kafka may not have that. */
  @Test
  void shouldSayMetadataAgainThatKafkaMayNotHave() throws Exception {
    gateway.close();
    gateway = TestGateway.startUnacknowledged(new FakeQueries());
    await().until(() -> gateway.gateway.ready());
    try (SocketClient ada = SocketClient.of(gateway, "ada")) {
      ada.say("{'type':'join_channel','channel_id':'room','metadata':{'a':1}}");
      await().until(() -> gateway.producer.errorNext(new TimeoutException("no leader")));
      assertThat(nextError(ada)).isEqualTo("unavailable");
      ada.say("{'type':'join_channel','channel_id':'room'}");
      ada.say("{'type':'join_channel','channel_id':'room','hidden':true}");
      ada.say("{'type':'nothing'}");
      assertThat(nextError(ada)).isEqualTo("unknown_type");
      List<String> written = gateway.written();
      assertThat(written).hasSizeGreaterThanOrEqualTo(3);
      assertThat(written).allMatch(joined -> joined.contains("\"metadata\":{\"a\":1}"));
      assertThat(written.getLast()).contains("\"hidden\":true");
    }
  }

  /** The thread that tells of what was written is the one that makes room for what is to be. */
  @Test
  void shouldNotHoldUpKafkaWhileAWriteWaitsForIt() throws Exception {
    gateway.close();
    gateway = TestGateway.startUnacknowledged(new FakeQueries());
    await().until(() -> gateway.gateway.ready());
    try (SocketClient ada = SocketClient.of(gateway, "ada")) {
      ada.say("{'type':'join_channel','channel_id':'room'}");
      await().until(() -> gateway.producer.history().size() == 1);
      CompletableFuture<Boolean> heard = new CompletableFuture<>();
      gateway.meanwhile =
          () -> {
            gateway.meanwhile = () -> {};
            boolean told =
                CompletableFuture.supplyAsync(gateway.producer::completeNext)
                    .completeOnTimeout(false, 5, TimeUnit.SECONDS)
                    .join();
            heard.complete(told);
            if (!told) {
              throw new TimeoutException("no room");
            }
          };
      ada.say("{'type':'update_channel','channel_id':'room','metadata':{}}");
      assertThat(heard.get(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void shouldMoveCursorsOfMembersOnly() throws Exception {
    try (SocketClient ada = SocketClient.of(gateway, "ada");
        SocketClient bob = SocketClient.of(gateway, "bob")) {
      ada.say("{'type':'update_cursor','doc_id':'d','cursor':1}");
      assertThat(ada.next("error").path("code").asText()).isEqualTo("not_a_member");
      bob.say("{'type':'watch_channel','channel_id':'doc:d'}");
      bob.next("initial_channel");
      ada.say("{'type':'start_editing','doc_id':'d','cursor':{'x':1}}");
      ada.next("initial_channel");
      String record = "doc:d {\"channel_id\":\"doc:d\",\"user_id\":\"ada\",\"cursor\":{\"x\":%d}}";
      List<String> cursors = new ArrayList<>();
      await()
          .untilAsserted(
              () -> {
                cursors.addAll(gateway.cursors());
                assertThat(cursors).containsExactly(record.formatted(1));
              });
      for (int x = 2; x <= 50; x++) {
        ada.say("{'type':'update_cursor','doc_id':'d','cursor':{'x':" + x + "}}");
      }
      await()
          .untilAsserted(
              () -> {
                cursors.addAll(gateway.cursors());
                assertThat(cursors.getLast()).isEqualTo(record.formatted(50));
              });
      assertThat(cursors).hasSizeLessThan(50);
      gateway.cursor("doc:d", "{'channel_id':'doc:d','user_id':'ada','cursor':{'x':50}}");
      assertThat(bob.next("cursor").toString())
          .isEqualTo(
              "{\"type\":\"cursor\",\"doc_id\":\"d\",\"user_id\":\"ada\",\"cursor\":{\"x\":50}}");
      ada.say("{'type':'update_cursor','doc_id':'d','cursor':'" + "x".repeat(1023) + "'}");
      assertThat(nextError(ada)).isEqualTo("invalid_message");
      // Nobody sees where one who is hidden is.
      ada.say("{'type':'join_channel','channel_id':'doc:d','hidden':true}");
      ada.say("{'type':'update_cursor','doc_id':'d','cursor':{'x':51}}");
      ada.say("{'type':'nothing'}");
      assertThat(nextError(ada)).isEqualTo("unknown_type");
      assertThat(gateway.cursors()).isEmpty();
    }
  }

  @Test
  void shouldRefuseWhatCannotBe() throws Exception {
    try (SocketClient ada = SocketClient.of(gateway, "ada");
        SocketClient nobody = SocketClient.connect(gateway, "")) {
      nobody.next("welcome");
      nobody.say("{'type':'join_channel','channel_id':'room'}");
      assertThat(nobody.next("error").path("code").asText()).isEqualTo("no_user");
      nobody.say("{'type':'watch_channel','channel_id':'room'}");
      nobody.next("initial_channel");
      ada.say("{'type':'update_channel','channel_id':'room','metadata':{}}");
      assertThat(ada.next("error").path("code").asText()).isEqualTo("not_a_member");
      for (String bad :
          List.of(
              "{'type':'join_channel'}",
              "{'type':'join_channel','channel_id':'a b'}",
              "{'type':'join_channel','channel_id':'room','metadata':[]}",
              "{'type':'update_channel','channel_id':'room'}",
              "{'type':'start_viewing','doc_id':'" + "d".repeat(125) + "'}",
              "{'type':'join_channel','channel_id':'room','metadata':{'a':'"
                  + "x".repeat(4089)
                  + "'}}")) {
        ada.say(bad);
        assertThat(ada.next("error").path("code").asText()).as(bad).isEqualTo("invalid_message");
      }
      assertThat(gateway.written()).isEmpty();
      for (int i = 0; i < 100; i++) {
        ada.say("{'type':'watch_channel','channel_id':'room-" + i + "'}");
        ada.next("initial_channel");
      }
      ada.say("{'type':'watch_channel','channel_id':'room-0'}");
      ada.next("initial_channel");
      ada.say("{'type':'join_channel','channel_id':'one-more'}");
      assertThat(ada.next("error").path("code").asText()).isEqualTo("too_many_channels");
      assertThat(gateway.written()).isEmpty();
    }
  }

  @Test
  void shouldWriteOverHttp() throws Exception {
    String member = "/v1/channels/room/members/ada";
    assertThat(
            gateway
                .send(
                    "PUT", member, "{\"metadata\":{\"a\":1},\"session_id\":\"s\",\"hidden\":true}")
                .statusCode())
        .isEqualTo(202);
    assertThat(gateway.send("PUT", member, "{\"metadata\":null}").statusCode()).isEqualTo(202);
    assertThat(gateway.send("PUT", member).statusCode()).isEqualTo(202);
    assertThat(gateway.send("DELETE", member).statusCode()).isEqualTo(202);
    assertThat(gateway.send("DELETE", member + "?session_id=s").statusCode()).isEqualTo(202);
    assertThat(gateway.send("POST", member + "/heartbeat", "{\"session_id\":\"s\"}").statusCode())
        .isEqualTo(202);
    String of = "room {\"type\":\"%s\",\"channel_id\":\"room\",\"user_id\":\"ada\"%s}";
    assertThat(gateway.written())
        .containsExactly(
            of.formatted("joined", ",\"session_id\":\"s\",\"metadata\":{\"a\":1},\"hidden\":true"),
            of.formatted("joined", ",\"metadata\":null"),
            of.formatted("joined", ""),
            of.formatted("left", ""),
            of.formatted("left", ",\"session_id\":\"s\""),
            "{\"type\":\"heartbeats\",\"entries\":[[\"room\",\"ada\",\"s\"]]}");
    assertProblem(gateway.send("PUT", member, "{\"metadata\":[1]}"), 400);
    assertProblem(gateway.send("PUT", member, "{\"session_id\":\"device:x\"}"), 400);
    assertProblem(gateway.send("DELETE", member + "?session_id=device:x"), 400);
    assertProblem(gateway.send("PUT", "/v1/channels/a%20b/members/ada", "{}"), 400);
    assertThat(gateway.send("PUT", member + "?user_id=bob", "{}").statusCode()).isEqualTo(403);
  }

  @Test
  void shouldListMembersPageByPage() throws Exception {
    String members = "/v1/channels/room/members";
    assertThat(gateway.get(members + "?limit=2").body())
        .isEqualTo(
            "{\"members\":[{\"user_id\":\"ada\",\"joined_at\":1.000,\"last_seen\":2.000,\"metadata\":null},"
                + "{\"user_id\":\"bob\",\"joined_at\":1.000,\"last_seen\":2.000,\"metadata\":null}],"
                + "\"next\":\"bob\"}");
    String hidden =
        "{\"members\":[{\"user_id\":\"hidden\",\"joined_at\":1.000,\"last_seen\":%s,\"metadata\":null}]}";
    assertThat(gateway.get(members + "?limit=2&after=bob").body())
        .isEqualTo(hidden.formatted("null"));
    assertThat(gateway.get(members + "?after=bob&requester_id=hidden").body())
        .isEqualTo(hidden.formatted("2.000"));
    assertThat(gateway.get("/v1/channels/room/count").body()).isEqualTo("{\"count\":3}");
    assertThat(gateway.get("/v1/channels/stale/count").headers().firstValue("Presence-Stale"))
        .contains("true");
    assertThat(gateway.get("/v1/channels/gone/members").statusCode()).isEqualTo(503);
    assertThat(gateway.get("/v1/channels/broken/count").statusCode()).isEqualTo(503);
    assertProblem(gateway.get(members + "?limit=0"), 400);
  }

  @Test
  void shouldGoByTheClaimOfTheToken() throws Exception {
    gateway.close();
    gateway =
        TestGateway.start(
            Map.of("PRESENCE_AUTH", "jwt", "PRESENCE_JWT_SECRET", SECRET), new FakeQueries());
    await().until(() -> gateway.gateway.ready());
    String plain = token("ada", "", null);
    String some = token("ada", "", Map.of("read", List.of("room-*"), "write", List.of("doc:*")));
    String service = token("backend", "presence:service", null);
    assertThat(members(plain, "room-1")).isEqualTo(403);
    assertThat(members(some, "room-1")).isEqualTo(200);
    assertThat(members(some, "doc:d")).isEqualTo(200);
    assertThat(members(some, "hall")).isEqualTo(403);
    assertThat(members(service, "hall")).isEqualTo(200);
    assertThat(join(plain, "doc:d", "ada")).isEqualTo(403);
    assertThat(join(some, "doc:d", "ada")).isEqualTo(202);
    assertThat(join(some, "doc:d", "bob")).isEqualTo(403);
    assertThat(join(some, "room-1", "ada")).isEqualTo(403);
    assertThat(join(service, "room-1", "bob")).isEqualTo(202);
    gateway.written();
    try (SocketClient ada = SocketClient.connect(gateway, "?access_token=" + some)) {
      ada.next("welcome");
      ada.say("{'type':'join_channel','channel_id':'room-1'}");
      assertThat(ada.next("error").path("code").asText()).isEqualTo("forbidden");
      ada.say("{'type':'watch_channel','channel_id':'hall'}");
      assertThat(ada.next("error").path("code").asText()).isEqualTo("forbidden");
      assertThat(gateway.written()).isEmpty();
      ada.say("{'type':'watch_channel','channel_id':'room-1'}");
      ada.next("initial_channel");
      ada.say("{'type':'start_viewing','doc_id':'d'}");
      ada.next("initial_channel");
    }
  }

  private int members(String token, String channel) throws Exception {
    return gateway
        .send(
            gateway
                .request("/v1/channels/" + channel + "/members")
                .header("Authorization", "Bearer " + token))
        .statusCode();
  }

  private int join(String token, String channel, String user) throws Exception {
    return gateway
        .send(
            gateway
                .request("/v1/channels/" + channel + "/members/" + user)
                .header("Authorization", "Bearer " + token)
                .PUT(HttpRequest.BodyPublishers.noBody()))
        .statusCode();
  }

  private static String nextError(SocketClient client) throws Exception {
    JsonNode next = client.next();
    while (!next.path("type").asText().equals("error")) {
      next = client.next();
    }
    return next.path("code").asText();
  }

  private static String change(String event, String user, int count, int version) {
    return ("{'channel_id':'room','event':'%s','at':9.000,'member':{'user_id':'%s','joined_at':5.000,"
            + "'last_seen':6.000,'metadata':{'a':1}},%s'count':%d,'version':%d}")
        .formatted(
            event, user, event.equals("left") ? "'reason':'timed_out'," : "", count, version);
  }

  private static String token(
      String subject, String scope, @org.jspecify.annotations.Nullable Object channels)
      throws Exception {
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader(JWSAlgorithm.HS256),
            new JWTClaimsSet.Builder()
                .subject(subject)
                .claim("scope", scope)
                .claim("channels", channels)
                .expirationTime(Date.from(Instant.now().plusSeconds(600)))
                .build());
    jwt.sign(new MACSigner(SECRET.getBytes(UTF_8)));
    return jwt.serialize();
  }
}
