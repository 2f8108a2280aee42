package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.Gateway;
import io.presence.schemas.event.ChannelEvent.Disconnected;
import io.presence.schemas.event.ChannelEventCodec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Channels of a whole that runs, with short windows, over two gateways. */
class ChannelsIT {
  @TempDir static Path data;
  private static Deployment deployment;
  private static Gateway other;

  private final List<LiveClient> clients = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    deployment =
        Deployment.start(
            data, Map.of("PRESENCE_HEARTBEAT_TTL", "6s", "PRESENCE_CHANNEL_TTL", "6s"));
    other = deployment.gateway(Map.of());
  }

  @AfterAll
  static void stop() {
    other.close();
    deployment.close();
  }

  @AfterEach
  void shouldHaveBeenToldWhatTheSchemaAllowsOnly() {
    clients.forEach(LiveClient::close);
    for (LiveClient client : clients) {
      assertThat(client.view().messages())
          .allSatisfy(
              message ->
                  assertThat(PublishedSchemas.faults("socket-server", message))
                      .as("%s", message)
                      .isEmpty());
    }
  }

  @Test
  void shouldTellWhoJoinsChangesAndLeaves() {
    LiveClient watcher = connectToOther("watcher").say(watch("room"));
    until(() -> assertThat(view(watcher, "room").count()).isZero());
    LiveClient ada =
        connect("ada").say("{'type':'join_channel','channel_id':'room','metadata':{'name':'Ada'}}");
    until(() -> assertThat(view(watcher, "room").events()).containsExactly("joined ada 1"));
    LiveClient bob = connect("bob").say(join("room"));
    until(() -> assertThat(view(ada, "room").members()).containsOnlyKeys("ada", "bob"));
    ada.say("{'type':'update_channel','channel_id':'room','metadata':{'hand':'up'}}")
        .say("{'type':'update_channel','channel_id':'room','metadata':{'hand':'up'}}");
    until(() -> assertThat(view(watcher, "room").events()).endsWith("updated ada 2"));
    bob.say("{'type':'leave_channel','channel_id':'room'}");
    until(
        () ->
            assertThat(view(watcher, "room").events())
                .containsExactly(
                    "joined ada 1", "joined bob 2", "updated ada 2", "left bob left 1"));
    JsonNode member = view(watcher, "room").member("ada");
    assertThat(member.path("metadata").toString()).isEqualTo("{\"hand\":\"up\"}");
    assertThat(member.path("last_seen").isNull()).isTrue();
    // One who comes later is told in full.
    LiveClient late = connect("late").say(watch("room"));
    until(() -> assertThat(view(late, "room").members()).containsOnlyKeys("ada"));
    assertThat(view(late, "room").member("ada").path("last_seen").asDouble())
        .isGreaterThanOrEqualTo(member.path("joined_at").asDouble());
    Client http = deployment.client();
    assertThat(http.get("/v1/channels/room/count").is(200).text()).isEqualTo("{\"count\":1}");
    JsonNode listed = http.get("/v1/channels/room/members").is(200).json();
    assertThat(listed.at("/members/0/metadata/hand").asText()).isEqualTo("up");
    assertThat(new Client(other.port()).get("/v1/channels/room/count").is(200).text())
        .isEqualTo("{\"count\":1}");
    ada.close(1000);
    until(() -> assertThat(view(watcher, "room").events()).endsWith("left ada disconnected 0"));
    until(
        () ->
            assertThat(http.get("/v1/channels/room/members").is(200).text())
                .isEqualTo("{\"members\":[]}"));
  }

  @Test
  void shouldGiveOneWhoIsLostTimeToComeBack() {
    LiveClient watcher = connect("watcher").say(watch("grace"));
    LiveClient ada = connect("ada").say(join("grace"));
    LiveClient bob = connectToOther("bob").say(join("grace"));
    until(() -> assertThat(view(watcher, "grace").count()).isEqualTo(2));
    ada.abort();
    LiveClient again = connectToOther("ada").say(join("grace"));
    until(() -> assertThat(view(again, "grace").members()).containsKey("ada"));
    bob.abort();
    until(() -> assertThat(view(watcher, "grace").events()).endsWith("left bob disconnected 1"));
    assertThat(view(watcher, "grace").events()).noneMatch(event -> event.startsWith("left ada"));
    assertThat(view(watcher, "grace").members()).containsOnlyKeys("ada");
  }

  @Test
  void shouldListOneOfSeveralSessionsOnce() {
    LiveClient watcher = connect("watcher").say(watch("several"));
    LiveClient first = connect("ada").say(join("several"));
    until(() -> assertThat(view(watcher, "several").count()).isEqualTo(1));
    LiveClient second =
        connectToOther("ada")
            .say("{'type':'join_channel','channel_id':'several','metadata':{'n':2}}");
    until(() -> assertThat(view(watcher, "several").events()).hasSize(2));
    first.close(1000);
    until(() -> assertThat(view(second, "several").count()).isEqualTo(1));
    second.say("{'type':'leave_channel','channel_id':'several'}");
    until(
        () ->
            assertThat(view(watcher, "several").events())
                .containsExactly("joined ada 1", "updated ada 1", "left ada left 0"));
  }

  @Test
  void shouldShowHiddenMemberToNobodyElse() {
    LiveClient watcher = connect("watcher").say(watch("doc:hidden"));
    until(() -> assertThat(view(watcher, "doc:hidden").count()).isZero());
    LiveClient eve =
        connect("eve").say("{'type':'join_channel','channel_id':'doc:hidden','hidden':true}");
    eve.say("{'type':'update_cursor','doc_id':'hidden','cursor':13}");
    eve.say("{'type':'update_channel','channel_id':'doc:hidden','metadata':{'a':1}}");
    Client http = deployment.client();
    String members = "/v1/channels/doc:hidden/members";
    until(
        () ->
            assertThat(http.get(members + "?requester_id=eve").text())
                .contains("\"user_id\":\"eve\"", "{\"a\":1}"));
    assertThat(http.get(members).text()).isEqualTo("{\"members\":[]}");
    assertThat(http.get(members + "?requester_id=ada").text()).isEqualTo("{\"members\":[]}");
    assertThat(http.get("/v1/channels/doc:hidden/count").text()).isEqualTo("{\"count\":0}");
    assertThat(http.get("/v1/channels/doc:hidden/count?requester_id=eve").text())
        .isEqualTo("{\"count\":1}");
    LiveClient ada =
        connect("ada").say("{'type':'start_editing','doc_id':'hidden','cursor':{'x':1}}");
    until(() -> assertThat(view(watcher, "doc:hidden").cursors()).containsKey("ada"));
    eve.say("{'type':'leave_channel','channel_id':'doc:hidden'}");
    ada.say("{'type':'leave_channel','channel_id':'doc:hidden'}");
    until(
        () ->
            assertThat(view(watcher, "doc:hidden").events())
                .containsExactly("joined ada 1", "left ada left 0"));
    assertThat(watcher.view().messages("cursor"))
        .allMatch(cursor -> cursor.path("user_id").asText().equals("ada"));
  }

  @Test
  void shouldHideLastSeenFromThoseWhoMayNotSeePresence() {
    Client http = deployment.client();
    http.put("/v1/users/shy/visibility", "{'visibility':'contacts'}").is(202);
    http.put("/v1/users/shy/contacts/friend", "{}").is(202);
    connect("shy").say(join("shown"));
    connect("open").say(join("shown"));
    String members = "/v1/channels/shown/members?requester_id=";
    until(
        () ->
            assertThat(http.get(members + "friend").json().at("/members/1/last_seen").isNumber())
                .isTrue());
    assertThat(http.get(members + "stranger").json().at("/members/1/user_id").asText())
        .isEqualTo("shy");
    assertThat(http.get(members + "stranger").json().at("/members/1/last_seen").isNull()).isTrue();
    assertThat(http.get(members + "stranger").json().at("/members/0/last_seen").isNumber())
        .isTrue();
    LiveClient stranger = connect("stranger").say(watch("shown"));
    LiveClient friend = connectToOther("friend").say(watch("shown"));
    until(
        () -> {
          assertThat(view(stranger, "shown").members()).hasSize(2);
          assertThat(view(friend, "shown").members()).hasSize(2);
        });
    assertThat(view(stranger, "shown").member("shy").path("last_seen").isNull()).isTrue();
    assertThat(view(stranger, "shown").member("open").path("last_seen").isNumber()).isTrue();
    assertThat(view(friend, "shown").member("shy").path("last_seen").isNumber()).isTrue();
  }

  @Test
  void shouldEndWhatIsNotHeartbeaten() {
    LiveClient watcher = connect("watcher").say(watch("ttl"));
    LiveClient stays = connect("stays").say(join("ttl"));
    Client http = deployment.client();
    http.put("/v1/channels/ttl/members/goes", "{'session_id':'s'}").is(202);
    http.put("/v1/channels/ttl/members/beats", "{}").is(202);
    until(() -> assertThat(view(watcher, "ttl").count()).isEqualTo(3));
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () -> {
              http.post("/v1/channels/ttl/members/beats/heartbeat", "{}").is(202);
              assertThat(view(watcher, "ttl").events()).endsWith("left goes timed_out 2");
            });
    http.delete("/v1/channels/ttl/members/beats").is(202);
    until(() -> assertThat(view(watcher, "ttl").members()).containsOnlyKeys("stays"));
    assertThat(view(watcher, "ttl").events()).endsWith("left beats left 1");
    stays.close(1000);
  }

  @Test
  void shouldJoinAgainWhoIsThoughtToBeGone() {
    LiveClient watcher = connect("watcher").say(watch("again"));
    LiveClient ada =
        connect("ada").say("{'type':'join_channel','channel_id':'again','metadata':{'a':1}}");
    until(() -> assertThat(view(watcher, "again").count()).isEqualTo(1));
    String session = ada.view().awaitMessage("welcome").path("session_id").asText();
    // As if someone had taken the socket for lost.
    deployment.append(
        Deployment.TOPICS.channelEvents(),
        "again",
        ChannelEventCodec.write(new Disconnected("again", "ada", session, null)));
    until(
        () ->
            assertThat(view(watcher, "again").events())
                .containsExactly("joined ada 1", "left ada disconnected 0", "joined ada 1"));
    assertThat(view(watcher, "again").member("ada").at("/metadata/a").asInt()).isEqualTo(1);
  }

  @Test
  void shouldShowWhoEditsWhereToOthers() {
    LiveClient ada =
        connect("ada").say("{'type':'start_editing','doc_id':'plan','cursor':{'line':1}}");
    LiveClient bob = connectToOther("bob").say("{'type':'start_viewing','doc_id':'plan'}");
    until(
        () -> {
          assertThat(view(bob, "doc:plan").members()).containsOnlyKeys("ada", "bob");
          assertThat(view(ada, "doc:plan").members()).containsOnlyKeys("ada", "bob");
          assertThat(view(bob, "doc:plan").cursors()).containsOnlyKeys("ada");
        });
    assertThat(view(bob, "doc:plan").member("ada").at("/metadata/mode").asText())
        .isEqualTo("editing");
    bob.say("{'type':'update_cursor','doc_id':'plan','cursor':{'line':2}}");
    until(() -> assertThat(view(ada, "doc:plan").cursors().get("bob")).hasToString("{\"line\":2}"));
    bob.say("{'type':'start_editing','doc_id':'plan'}");
    until(
        () ->
            assertThat(view(ada, "doc:plan").member("bob").at("/metadata/mode").asText())
                .isEqualTo("editing"));
    assertThat(view(ada, "doc:plan").events()).doesNotContain("left bob left 1");
    // A newcomer is told the last ones, of those who are there.
    LiveClient late = connect("late").say(watch("doc:plan"));
    until(() -> assertThat(view(late, "doc:plan").cursors()).containsOnlyKeys("ada", "bob"));
    assertThat(late.view().messages().get(1).path("type").asText()).isEqualTo("initial_channel");
    bob.say("{'type':'leave_channel','channel_id':'doc:plan'}");
    until(() -> assertThat(view(late, "doc:plan").cursors()).containsOnlyKeys("ada"));
    bob.say("{'type':'start_viewing','doc_id':'plan'}");
    until(() -> assertThat(view(late, "doc:plan").members()).containsOnlyKeys("ada", "bob"));
    LiveClient later = connectToOther("later").say(watch("doc:plan"));
    until(() -> assertThat(view(later, "doc:plan").cursors()).containsOnlyKeys("ada"));
    assertThat(view(late, "doc:plan").cursors()).containsOnlyKeys("ada");
    assertThat(ada.view().messages("cursor"))
        .noneMatch(cursor -> cursor.path("user_id").asText().equals("ada"));
  }

  @Test
  void shouldLoseNothingBetweenListAndUpdates() {
    List<LiveClient> members = IntStream.range(0, 10).mapToObj(i -> connect("m" + i)).toList();
    List<LiveClient> watchers = new ArrayList<>();
    Set<String> here = new TreeSet<>();
    for (int round = 0; round < 60; round++) {
      String user = "m" + round % 10;
      LiveClient member = members.get(round % 10);
      if (here.remove(user)) {
        member.say("{'type':'leave_channel','channel_id':'busy'}");
      } else {
        here.add(user);
        member.say(join("busy"));
      }
      LiveClient watcher = round % 2 == 0 ? connect("w" + round) : connectToOther("w" + round);
      watchers.add(watcher.say(watch("busy")));
      if (round % 7 == 6) {
        // So that not all that is there at the end is even.
        here.add("m" + round % 10);
        member.say(join("busy"));
      }
    }
    until(
        () -> {
          for (LiveClient watcher : watchers) {
            ChannelView view = view(watcher, "busy");
            assertThat(view.members().keySet()).isEqualTo(here);
            assertThat(view.count()).isEqualTo(here.size());
          }
        });
  }

  @Test
  void shouldGoByTheClaimOfTheToken() throws Exception {
    try (Gateway gateway =
        deployment.gateway(Map.of("PRESENCE_AUTH", "jwt", "PRESENCE_JWT_SECRET", Token.SECRET))) {
      String some =
          Token.withChannels(
              "ada", "{\"read\":[\"open-*\"],\"write\":[\"doc:*\"]}", Duration.ofMinutes(1));
      LiveClient ada = LiveClient.connect(gateway.port(), "access_token=" + some);
      clients.add(ada);
      ada.say(watch("closed"));
      assertThat(ada.view().awaitMessages("error", 1).path("code").asText()).isEqualTo("forbidden");
      ada.say(join("open-1"));
      assertThat(ada.view().awaitMessages("error", 2).path("code").asText()).isEqualTo("forbidden");
      ada.say(watch("open-1")).say("{'type':'start_viewing','doc_id':'mine'}");
      until(() -> assertThat(view(ada, "doc:mine").members()).containsOnlyKeys("ada"));
      until(() -> assertThat(view(ada, "open-1").count()).isZero());
      String plain = Token.of("eve", Duration.ofMinutes(1));
      LiveClient eve = LiveClient.connect(gateway.port(), "access_token=" + plain);
      clients.add(eve);
      eve.say(watch("doc:mine"));
      assertThat(eve.view().awaitMessages("error", 1).path("code").asText()).isEqualTo("forbidden");
      assertThat(new Client(gateway.port()).get("/v1/channels/doc:mine/members").status())
          .isEqualTo(401);
    }
  }

  private LiveClient connect(String userId) {
    LiveClient client = LiveClient.connect(deployment.port(), "user_id=" + userId);
    clients.add(client);
    return client;
  }

  private LiveClient connectToOther(String userId) {
    LiveClient client = LiveClient.connect(other.port(), "user_id=" + userId);
    clients.add(client);
    return client;
  }

  private static String join(String channelId) {
    return "{'type':'join_channel','channel_id':'" + channelId + "'}";
  }

  private static String watch(String channelId) {
    return "{'type':'watch_channel','channel_id':'" + channelId + "'}";
  }

  private static ChannelView view(LiveClient client, String channelId) {
    return ChannelView.of(client, channelId);
  }

  private static void until(ThrowingRunnable asserted) {
    await().atMost(LiveView.PATIENCE).pollInterval(Duration.ofMillis(20)).untilAsserted(asserted);
  }
}
