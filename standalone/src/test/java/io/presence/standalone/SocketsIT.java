package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.Gateway;
import io.presence.schemas.topic.Partitioning;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sockets and event streams of a whole that runs, with short windows. */
class SocketsIT {
  private static final Duration TTL = Duration.ofSeconds(6);
  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final int PARTITIONS = 8;
  private static final Path SAMPLES =
      Path.of("../schemas/src/main/resources/samples/socket-client");
  private static final Set<String> TYPES =
      Set.of(
          "set_online",
          "heartbeat",
          "set_status",
          "set_offline",
          "subscribe",
          "unsubscribe",
          "join_channel",
          "update_channel",
          "leave_channel",
          "watch_channel",
          "unwatch_channel",
          "start_viewing",
          "start_editing",
          "update_cursor");

  @TempDir static Path data;
  private static Deployment deployment;

  private final List<LiveClient> clients = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    deployment =
        Deployment.start(
            data,
            Map.of(
                "PRESENCE_HEARTBEAT_TTL",
                TTL.toSeconds() + "s",
                "PRESENCE_PARTITIONS",
                Integer.toString(PARTITIONS)));
  }

  @AfterAll
  static void stop() {
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
  void shouldGreet() {
    LiveClient ada = connect("user_id=greeted");

    JsonNode welcome = ada.view().awaitMessage("welcome");

    assertThat(welcome.path("heartbeat_interval").asDouble()).isEqualTo(TTL.toMillis() / 2_000.0);
    assertThat(welcome.path("away_after").asDouble()).isEqualTo(300.0);
    assertThat(welcome.path("server_time").asDouble())
        .isCloseTo(System.currentTimeMillis() / 1_000.0, within(30.0));
    assertThat(welcome)
        .isNotEqualTo(connect("user_id=greeted").view().awaitMessage("welcome"))
        .isEqualTo(ada.view().messages().getFirst());
  }

  @Test
  void shouldServeAClientInFullThatSaysLittleAndKnowsTwoTypes() {
    LiveView view = connect("user_id=bob").follow("ada").view();
    assertThat(view.shown("ada")).isNull();
    LiveClient ada = connect("user_id=ada").say("{'type':'set_online','device':'web'}");
    view.awaitStatus("ada", "online");

    ada.say("{'type':'heartbeat','device':'web'}")
        .say("{'type':'set_status','status':'busy','custom_status':'lunch','activity':null}");
    JsonNode busy = view.awaitStatus("ada", "busy");
    assertThat(busy.path("custom_status").asText()).isEqualTo("lunch");
    assertThat(busy.path("activity").isNull()).isTrue();
    assertThat(busy.at("/devices/web").asText()).isEqualTo("busy");

    ada.say("{'type':'set_status','status':'away','custom_status':null,'activity':null}")
        .say("{'type':'set_status','status':'online','custom_status':null,'activity':null}");
    // Away speaks for the session, under the claim; online takes that back, and then the claim.
    ada.say("{'type':'set_status','status':'online','custom_status':null,'activity':null}");
    assertThat(view.awaitStatus("ada", "online").path("custom_status").asText()).isEqualTo("lunch");
    ada.say("{'type':'set_status','status':'away','custom_status':'','activity':null}");
    assertThat(view.awaitStatus("ada", "away").path("custom_status").isNull()).isTrue();
    // A heartbeat that does not say active is none for one who has said away.
    ada.say("{'type':'heartbeat','device':'web'}")
        .say("{'type':'set_status','status':'invisible','custom_status':null,'activity':null}");
    view.awaitStatus("ada", "offline");
    ada.say("{'type':'set_status','status':'online','custom_status':null,'activity':null}")
        .say("{'type':'set_status','status':'online','custom_status':null,'activity':null}");
    view.awaitStatus("ada", "online");

    ada.close(1000);
    view.awaitStatus("ada", "offline");
    assertThat(view.statusesOf("ada"))
        .containsExactly("online", "busy", "online", "away", "offline", "online", "offline");
    assertThat(ada.view().messages())
        .extracting(message -> message.path("type").asText())
        .containsExactly("welcome");
    assertThat(view.messages())
        .extracting(message -> message.path("type").asText())
        .containsOnly("welcome", "initial_presence", "presence_update");
  }

  @Test
  void shouldOpenASessionWithTheFirstHeartbeatButNotAfterAGoodbye() {
    LiveClient bob = connect("user_id=bob").follow("hal");
    LiveView view = bob.view();
    LiveClient hal = connect("user_id=hal").say("{'type':'heartbeat'}");
    assertThat(view.awaitStatus("hal", "online").path("device").asText()).isEqualTo("default");

    hal.say("{'type':'set_offline'}");
    view.awaitStatus("hal", "offline");
    hal.say("{'type':'heartbeat','active':true}");
    awaitAFence(bob, "hal");
    assertThat(view.status("hal")).isEqualTo("offline");
    assertThat(hal.follow("bob").isClosed()).isFalse();

    hal.say("{'type':'set_online','device':'ios','custom_status':'again'}");
    assertThat(view.awaitStatus("hal", "online").path("custom_status").asText()).isEqualTo("again");
    assertThat(view.statusesOf("hal")).containsExactly("online", "offline", "online");
  }

  @Test
  void shouldShowAGoodbyeAtOnce() throws Exception {
    LiveView view = connect("user_id=bob").follow("said", "closed").view();
    LiveClient said = online("said");
    LiveClient closed = online("closed");
    view.awaitStatus("said", "online");
    view.awaitStatus("closed", "online");

    double before = System.currentTimeMillis() / 1_000.0;
    said.say("{'type':'set_offline'}");
    closed.close(1000);

    for (String user : List.of("said", "closed")) {
      view.awaitStatus(user, "offline");
      assertThat(lastChange(user).path("reason").asText()).isEqualTo("disconnected");
      assertThat(lastChange(user).path("at").asDouble()).isLessThan(before + GRACE.toSeconds());
    }
  }

  @Test
  void shouldShowNoOfflineWhenAPageIsLoadedAgainOrAnotherSocketIsThere() {
    LiveClient bob = connect("user_id=bob").follow("reloads", "lost");
    LiveClient page = online("reloads");
    LiveClient second = online("reloads");
    LiveClient lost = online("lost");
    bob.view().awaitStatus("reloads", "online");
    bob.view().awaitStatus("lost", "online");

    second.close(1000);
    page.close(1001);
    online("reloads");
    lost.abort();

    bob.view().awaitStatus("lost", "offline");
    assertThat(lastChange("lost").path("reason").asText()).isEqualTo("disconnected");
    awaitClosedSessions("reloads", 2);
    awaitAFence(bob, "reloads");
    assertThat(bob.view().statusesOf("reloads")).containsExactly("online");
  }

  @Test
  void shouldFindHalfOpenSocketsAndKeepThoseThatOnlyAnswerPings() throws Exception {
    LiveView view = connect("user_id=bob").follow("quiet", "halfopen").view();
    online("quiet");
    view.awaitStatus("quiet", "online");
    try (RawSocket halfOpen = RawSocket.connect(deployment.port(), "user_id=halfopen")) {
      halfOpen.say("{'type':'set_online','device':'web'}");
      view.awaitStatus("halfopen", "online");

      view.awaitStatus("halfopen", "offline");
      assertThat(lastChange("halfopen").path("reason").asText()).isEqualTo("disconnected");
      assertThat(halfOpen.readCloseCode()).isPositive();
    }
    await("one who says nothing is kept for longer than a window")
        .atMost(LiveView.PATIENCE)
        .until(
            () -> {
              JsonNode quiet = deployment.client().get("/v1/users/quiet/presence").is(200).json();
              return quiet.path("last_seen").asDouble() - quiet.path("since").asDouble()
                  > TTL.toSeconds() + 1;
            });
    assertThat(view.statusesOf("quiet")).containsExactly("online");
  }

  @Test
  void shouldTakeEveryMessageThatIsValidOrTolerated() throws Exception {
    LiveClient client = connect("user_id=sampled").say("{'type':'set_online'}");
    List<Path> samples =
        Stream.concat(samples("valid").stream(), samples("tolerated").stream()).toList();
    for (Path sample : samples) {
      // Without a session there is nobody to be away.
      client.say("{'type':'set_online'}").sayRaw(Files.readString(sample));
    }
    client.follow("bob");
    client.follow("carl");

    assertThat(client.view().messages("error")).isEmpty();
    assertThat(client.isClosed()).isFalse();
  }

  @Test
  void shouldAnswerEveryMessageThatIsInvalidAndGoOn() throws Exception {
    LiveClient client = connect("user_id=sampled");
    List<Path> samples = samples("invalid");
    for (int i = 0; i < samples.size(); i++) {
      String text = Files.readString(samples.get(i));
      client.sayRaw(text);
      JsonNode error = client.view().awaitMessages("error", i + 1);
      String type = typeOf(text);
      assertThat(error.path("code").asText())
          .as("%s: %s", samples.get(i).getFileName(), error)
          .isEqualTo(type == null || TYPES.contains(type) ? "invalid_message" : "unknown_type");
      assertThat(error.toString()).hasSizeLessThan(1_000);
    }
    client.follow("bob");
    assertThat(client.view().messages("error")).hasSameSizeAs(samples);
  }

  @Test
  void shouldSayWhatCannotBeDone() {
    LiveClient service = connect("");
    service.say("{'type':'set_online','device':'web'}");
    assertThat(service.view().awaitMessages("error", 1).path("code").asText()).isEqualTo("no_user");
    service.say("{'type':'set_status','status':'busy'}").say("{'type':'heartbeat'}");
    service.view().awaitMessages("error", 3);
    assertThat(service.view().messages("error"))
        .extracting(error -> error.path("code").asText() + " of " + error.path("of").asText())
        .containsExactly("no_user of set_online", "no_user of set_status", "no_user of heartbeat");

    LiveClient early = connect("user_id=early");
    early.say("{'type':'set_status','status':'away'}");
    assertThat(early.view().awaitMessages("error", 1).path("code").asText())
        .isEqualTo("not_online");
    early.say("{'type':'set_status','status':'busy','custom_status':'soon'}").follow("early");
    early.say("{'type':'set_online','device':'web'}");
    assertThat(early.view().awaitStatus("early", "busy").path("custom_status").asText())
        .isEqualTo("soon");
    assertThat(early.view().messages("error")).hasSize(1);
  }

  @Test
  void shouldTakeFiveThousandSubscriptionsOfTenThousand() {
    LiveClient client = connect("user_id=greedy");
    for (int i = 0; i < 10; i++) {
      client.subscribe(thousand(i));
    }
    client.view().awaitMessages("error", 5);
    client.view().awaitMessages("initial_presence", 5);
    assertThat(client.view().messages("error"))
        .allSatisfy(
            error -> {
              assertThat(error.path("code").asText()).isEqualTo("too_many_subscriptions");
              assertThat(error.path("of").asText()).isEqualTo("subscribe");
            });
    // What one follows already takes no more place, and what one leaves makes some.
    client.subscribe(thousand(0)).view().awaitMessages("initial_presence", 6);
    client
        .unsubscribe(thousand(1))
        .subscribe(thousand(7))
        .view()
        .awaitMessages("initial_presence", 7);
    client.subscribe("one-more").view().awaitMessages("error", 6);
    assertThat(client.isClosed()).isFalse();
  }

  @Test
  void shouldCloseWithACodeWhatCannotBeReadAndGoOn() throws Exception {
    LiveClient binary = connect("user_id=bad");
    binary.sayBinary(new byte[] {1, 2, 3});
    assertThat(binary.awaitClose().code()).isEqualTo(1003);
    LiveClient huge = connect("user_id=bad");
    huge.offer("{\"type\":\"subscribe\",\"user_ids\":[\"" + "x".repeat(1 << 20) + "\"]}");
    assertThat(huge.awaitClose().code()).isEqualTo(1009);
    LiveClient large = connect("user_id=bad");
    large.say("{'type':'heartbeat','padding':'" + "x".repeat(200_000) + "'}").follow("bob");
    assertThat(large.view().messages("error")).isEmpty();

    byte[] heartbeat = "{\"type\":\"heartbeat\"}".getBytes(StandardCharsets.UTF_8);
    assertThat(closeCodeOf(0x81, true, new byte[] {'"', (byte) 0xC3, '"'})).isEqualTo(1007);
    assertThat(closeCodeOf(0x81, false, heartbeat)).as("not masked").isEqualTo(1002);
    assertThat(closeCodeOf(0x83, true, heartbeat)).as("unknown opcode").isEqualTo(1002);
    assertThat(closeCodeOf(0xC1, true, heartbeat)).as("reserved bit").isEqualTo(1002);
    assertThat(closeCodeOf(0x80, true, heartbeat)).as("continues nothing").isEqualTo(1002);
    assertThat(closeCodeOf(0x89, true, new byte[126])).as("long ping").isEqualTo(1002);
    assertThat(connect("user_id=good").follow("bob").isClosed()).isFalse();
  }

  @Test
  void shouldCloseWhatFloods() {
    LiveClient client = connect("user_id=flooding");
    for (int i = 0; i < 3_000 && !client.isClosed(); i++) {
      client.offer("{\"type\":\"heartbeat\"}");
    }
    assertThat(client.awaitClose().code()).isEqualTo(4429);
    assertThat(client.awaitClose().reason()).isNotEmpty();
  }

  @Test
  void shouldKeepToTheLimitsOfSocketsAndOfOrigins() throws Exception {
    try (Gateway gateway =
        deployment.gateway(Map.of("PRESENCE_SOCKETS_PER_USER", "3", "PRESENCE_MAX_SOCKETS", "5"))) {
      int port = gateway.port();
      List<LiveClient> many =
          IntStream.range(0, 3).mapToObj(i -> connect(port, "user_id=many").follow("x")).toList();
      LiveClient.Close close = connect(port, "user_id=many").awaitClose();
      assertThat(close.code()).isEqualTo(4429);
      assertThat(close.reason()).isNotEmpty();
      connect(port, "user_id=other").follow("x");
      connect(port, "user_id=another").follow("x");
      assertThat(LiveClient.refusal(port, "user_id=last")).isEqualTo(503);
      many.getFirst().close(1000);
      many.getFirst().awaitClose();
      await().atMost(LiveView.PATIENCE).until(() -> !isRefused(connect(port, "user_id=many")));

      for (String origin :
          List.of("http://evil.example", "null", "http://localhost.evil.example")) {
        LiveClient page = track(LiveClient.connectFrom(origin, deployment.port(), "user_id=ada"));
        assertThat(page.awaitClose().code()).as(origin).isEqualTo(4403);
      }
      for (String origin :
          List.of("http://localhost:3000", "http://127.0.0.1:" + deployment.port())) {
        track(LiveClient.connectFrom(origin, deployment.port(), "user_id=ada")).follow("bob");
      }
    }
  }

  @Test
  void shouldKnowSocketsByTheirTokens() throws Exception {
    try (Gateway gateway =
        deployment.gateway(Map.of("PRESENCE_AUTH", "jwt", "PRESENCE_JWT_SECRET", Token.SECRET))) {
      int port = gateway.port();
      Duration hour = Duration.ofHours(1);
      for (String query :
          List.of(
              "",
              "user_id=ada",
              "access_token=",
              "access_token=nonsense",
              "access_token=" + Token.of("ada", "", hour, "some-other-secret-of-32-bytes-or-more"),
              "access_token=" + Token.of("ada", hour.negated()))) {
        LiveClient.Close close = connect(port, query).awaitClose();
        assertThat(close.code()).as(query).isEqualTo(4401);
        assertThat(close.reason()).as(query).isNotEmpty();
      }
      String token = "access_token=" + Token.of("tokened", hour);
      assertThat(connect(port, token + "&requester_id=bob").awaitClose().code()).isEqualTo(4403);
      LiveClient tokened = connect(port, token + "&user_id=eve");
      tokened.say("{'type':'set_online','device':'web'}").subscribe("tokened");
      tokened.view().awaitStatus("tokened", "online");
      // Thirty seconds are allowed for clocks that differ.
      LiveClient expiring =
          connect(port, "access_token=" + Token.of("brief", Duration.ofSeconds(-25)));
      expiring.view().awaitMessage("welcome");
      assertThat(expiring.awaitClose().code()).isEqualTo(4401);
      assertThat(expiring.awaitClose().reason()).contains("expired");
      assertThat(tokened.isClosed()).isFalse();

      Client http = new Client(port);
      assertThat(http.get("/v1/stream?user_ids=ada").status()).isEqualTo(401);
      assertThat(
              http.get("/v1/stream?user_ids=ada&requester_id=bob&" + token).is(403).contentType())
          .contains("application/problem+json");
      try (EventStream stream = EventStream.open(port, "user_ids=tokened&" + token)) {
        stream.view().awaitStatus("tokened", "online");
      }
    }
  }

  @Test
  void shouldSendPeopleToAnotherGatewayWhenOneStops() throws Exception {
    LiveClient bob = connect("user_id=bob").follow("drained");
    LiveView view = bob.view();
    LiveClient drained;
    EventStream stream;
    try (Gateway gateway = deployment.gateway(Map.of())) {
      drained = connect(gateway.port(), "user_id=drained").say("{'type':'set_online'}");
      view.awaitStatus("drained", "online");
      stream = EventStream.open(gateway.port(), "user_ids=drained");
      stream.view().awaitStatus("drained", "online");
    }

    LiveClient.Close close = drained.awaitClose();
    assertThat(close.code()).isEqualTo(1001);
    assertThat(close.reason()).matches("retry_after=[0-9]+([.][0-9]+)?");
    assertThat(Double.parseDouble(close.reason().substring("retry_after=".length())))
        .isBetween(0.0, TTL.toSeconds() / 2.0);
    await().atMost(LiveView.PATIENCE).until(stream::isClosed);
    LiveClient back = online("drained");
    awaitClosedSessions("drained", 1);
    awaitAFence(bob, "drained");
    assertThat(view.statusesOf("drained")).containsOnly("online");
    back.close(1000);
    view.awaitStatus("drained", "offline");
  }

  @Test
  void shouldStreamTheSameAsEventsThatAreNamedByTheirType() throws Exception {
    LiveClient star = online("star").follow("star");
    star.view().awaitStatus("star", "online");
    try (EventStream stream = EventStream.open(deployment.port(), "user_ids=star,unseen")) {
      assertThat(stream.contentType()).startsWith("text/event-stream");
      stream.view().awaitMessage("initial_presence");
      assertThat(stream.view().status("star")).isEqualTo("online");
      star.say("{'type':'set_status','status':'busy','custom_status':'two\\u2028lines'}");
      JsonNode busy = stream.view().awaitStatus("star", "busy");
      assertThat(busy).isEqualTo(star.view().awaitStatus("star", "busy"));
      deployment.client().put("/v1/users/star/visibility", "{'visibility':'nobody'}").is(202);
      JsonNode hidden = stream.view().awaitStatus("star", "offline");
      assertThat(hidden.path("custom_status").isNull()).isTrue();
      assertThat(star.view().status("star")).isEqualTo("busy");
      await().atMost(LiveView.PATIENCE).until(() -> stream.comments() > 0);
      assertThat(stream.misnamed()).isEmpty();
      assertThat(stream.view().messages())
          .allSatisfy(
              message -> assertThat(PublishedSchemas.faults("socket-server", message)).isEmpty());
    }
    String many = String.join(",", IntStream.range(0, 1_001).mapToObj(i -> "u" + i).toList());
    for (String query : List.of("", "?user_ids=", "?user_ids=a%20b", "?user_ids=" + many)) {
      Client.Answer answer = deployment.client().get("/v1/stream" + query).is(400);
      assertThat(answer.contentType()).as(query).contains("application/problem+json");
    }
  }

  private static List<Path> samples(String kind) throws IOException {
    try (Stream<Path> files = Files.list(SAMPLES.resolve(kind))) {
      return files.sorted().toList();
    }
  }

  /** The type of a message that is JSON; null if it has none. */
  private static @Nullable String typeOf(String text) {
    try {
      JsonNode type = TopicReader.json(text.getBytes(StandardCharsets.UTF_8)).get("type");
      return type != null && type.isTextual() ? type.textValue() : null;
    } catch (RuntimeException e) {
      return null;
    }
  }

  private static int closeCodeOf(int first, boolean masked, byte[] payload) throws IOException {
    try (RawSocket raw = RawSocket.connect(deployment.port(), "user_id=bad")) {
      raw.frame(first, masked, payload);
      return raw.readCloseCode();
    }
  }

  private static boolean isRefused(LiveClient client) {
    await()
        .atMost(LiveView.PATIENCE)
        .until(() -> client.isClosed() || !client.view().messages("welcome").isEmpty());
    return client.isClosed();
  }

  private static List<String> thousand(int number) {
    return IntStream.range(0, 1_000).mapToObj(i -> "s" + number + "-" + i).toList();
  }

  /** Another id of the same partition. */
  private static String neighbour(String userId, String prefix) {
    int partition = Partitioning.partitionOf(userId, PARTITIONS);
    return IntStream.iterate(0, i -> i + 1)
        .mapToObj(i -> prefix + i)
        .filter(id -> Partitioning.partitionOf(id, PARTITIONS) == partition)
        .findFirst()
        .orElseThrow();
  }

  /** Waits until a subscriber was told what was done until now to this user. */
  private void awaitAFence(LiveClient subscriber, String userId) {
    String fence = neighbour(userId, "fence" + clients.size() + "-");
    subscriber.follow(fence);
    // As a heartbeat, so that heartbeats that wait for their batch are in it, too.
    connect("user_id=" + fence).say("{'type':'heartbeat'}");
    subscriber.view().awaitStatus(fence, "online");
  }

  private static void awaitClosedSessions(String userId, int count) {
    await()
        .atMost(LiveView.PATIENCE)
        .until(
            () ->
                deployment
                        .client()
                        .get("/v1/users/" + userId + "/sessions")
                        .is(200)
                        .json()
                        .path("sessions")
                        .size()
                    == count);
  }

  /** The last change of a user on the topic. */
  private static JsonNode lastChange(String userId) {
    try (TopicReader changes = deployment.reader(Deployment.TOPICS.changes())) {
      changes.readToEnd();
      return Objects.requireNonNull(changes.of(userId).getLast());
    }
  }

  private LiveClient online(String userId) {
    return connect("user_id=" + userId).say("{'type':'set_online','device':'web'}");
  }

  private LiveClient connect(String query) {
    return connect(deployment.port(), query);
  }

  private LiveClient connect(int port, String query) {
    return track(LiveClient.connect(port, query));
  }

  private LiveClient track(LiveClient client) {
    clients.add(client);
    return client;
  }
}
