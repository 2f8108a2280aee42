package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.management.UnixOperatingSystemMXBean;
import io.presence.gateway.Gateway;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Changes on their way to many sockets, on two gateways. */
class FanOutIT {
  private static final Logger log = LoggerFactory.getLogger(FanOutIT.class);

  @TempDir static Path data;
  private static Deployment deployment;
  private static Gateway other;

  @BeforeAll
  static void start() throws Exception {
    deployment = Deployment.start(data, Map.of());
    other = deployment.gateway(Map.of());
  }

  @AfterAll
  static void stop() {
    other.close();
    deployment.close();
  }

  @Test
  void shouldTellEachVersionOnceAndInOrderToAllSubscribersOnBothGateways() {
    int subscribers = 200;
    int changes = 300;
    List<LiveClient> all = new ArrayList<>();
    for (int i = 0; i < subscribers; i++) {
      int port = i % 2 == 0 ? deployment.port() : other.port();
      all.add(LiveClient.connect(port, "user_id=fan" + i).follow("star"));
    }
    LiveClient star =
        LiveClient.connect(deployment.port(), "user_id=star")
            .say("{'type':'set_online','device':'web'}");
    for (int i = 0; i < changes; i++) {
      star.say("{'type':'set_status','status':'busy','activity':'step-" + i + "'}");
      if (i % 50 == 0) {
        String step = "step-" + i;
        all.get(1).view().awaitShown("star", p -> p.path("activity").asText().equals(step));
      }
    }
    String last = "step-" + (changes - 1);
    for (LiveClient fan : all) {
      fan.view().awaitShown("star", p -> p.path("activity").asText().equals(last));
    }

    List<Long> truth = Objects.requireNonNull(versions().get("star"));
    assertThat(truth).hasSize(changes + 1);
    for (LiveClient fan : all) {
      assertThat(fan.view().presencesOf("star"))
          .extracting(presence -> presence.path("version").asLong())
          .isEqualTo(truth);
      assertThat(fan.view().messages("resync")).isEmpty();
      fan.close();
    }
    star.close();
  }

  @Test
  void shouldBoundWhatOneCostsWhoReadsNothingAndDelayNobodyElse() throws Exception {
    int deaf = 20;
    int rounds = 60;
    List<String> crowd = IntStream.range(0, 100).mapToObj(i -> "crowd" + i).toList();
    String text = "\uD83D\uDEA2".repeat(130);
    post(crowd, id -> "{'type':'connected','user_id':'" + id + "','session_id':'s'}");
    // It finds out soon who takes nothing.
    try (Gateway gateway = deployment.gateway(Map.of("PRESENCE_HEARTBEAT_TTL", "6s"))) {
      LiveClient reader = LiveClient.connect(gateway.port(), "user_id=reader").subscribe(crowd);
      crowd.forEach(id -> reader.view().awaitStatus(id, "online"));
      List<RawSocket> sockets = new ArrayList<>();
      for (int i = 0; i < deaf; i++) {
        RawSocket socket = RawSocket.connect(gateway.port(), "user_id=deaf" + i);
        socket.say("{'type':'subscribe','user_ids':[" + list(crowd) + "]}");
        sockets.add(socket);
      }
      List<Long> delays = new ArrayList<>();
      double queued = 0;
      for (int round = 0; round < rounds; round++) {
        String now = text + round;
        // They say that they are there, though they take nothing.
        sockets.forEach(FanOutIT::pong);
        long start = System.nanoTime();
        post(
            crowd,
            id ->
                "{'type':'status','user_id':'%s','session_id':'s','status':'busy','custom_status':'%s'}"
                    .formatted(id, now));
        for (String id : crowd) {
          reader.view().awaitShown(id, p -> p.path("custom_status").asText().equals(now));
        }
        delays.add(millisSince(start));
        queued = Math.max(queued, metric(gateway, "presence_live_queued"));
      }
      delays.sort(null);
      log.info(
          "100 changes from HTTP to a socket, beside {} that read nothing: median {} ms, worst {}"
              + " ms; {} messages waited at most",
          deaf,
          delays.get(rounds / 2),
          delays.getLast(),
          queued);

      // Some in order, and beyond them the newest of each user.
      assertThat(queued).isBetween(1.0, deaf * (256.0 + crowd.size() + 1));
      assertThat(reader.view().messages("resync")).isEmpty();
      post(crowd, id -> "{'type':'disconnected','user_id':'" + id + "','session_id':'s'}");
      crowd.forEach(id -> reader.view().awaitStatus(id, "offline"));
      Map<String, List<Long>> truth = versions();
      for (String id : crowd) {
        assertThat(reader.view().presencesOf(id))
            .extracting(presence -> presence.path("version").asLong())
            .isEqualTo(truth.get(id))
            .hasSize(rounds + 2);
      }
      await()
          .atMost(LiveView.PATIENCE)
          .until(
              () -> {
                sockets.forEach(FanOutIT::pong);
                return metric(gateway, "presence_sockets") == 1;
              });
      assertThat(metric(gateway, "presence_live_queued")).isZero();
      assertThat(reader.isClosed()).isFalse();
      for (RawSocket socket : sockets) {
        socket.close();
      }
      reader.close();
    }
  }

  @Test
  void shouldTakeThousandsOfSocketsAndLoseThemAtOnceWithoutATimeout() {
    int stay = 50;
    // Each takes two descriptors here, where both its ends are.
    long descriptors =
        ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getMaxFileDescriptorCount();
    int count = (int) Math.min(5_000, (descriptors - 2_000) / 2);
    List<LiveClient> staying =
        IntStream.range(0, stay)
            .mapToObj(i -> LiveClient.connect(deployment.port(), "user_id=stays" + i))
            .toList();
    staying.forEach(client -> client.say("{'type':'set_online','device':'web'}"));

    long start = System.nanoTime();
    List<LiveClient> crowd = new ArrayList<>();
    List<CompletableFuture<LiveClient>> connecting = new ArrayList<>();
    Semaphore underWay = new Semaphore(256);
    for (int i = 0; i < count; i++) {
      underWay.acquireUninterruptibly();
      connecting.add(
          LiveClient.connecting(deployment.port(), "user_id=mass" + i, null)
              .whenComplete((client, failure) -> underWay.release()));
    }
    for (CompletableFuture<LiveClient> each : connecting) {
      LiveClient client = each.join();
      client.offer("{\"type\":\"set_online\",\"device\":\"web\"}");
      crowd.add(client);
    }
    try (TopicReader changes = deployment.reader(Deployment.TOPICS.changes())) {
      Tally tally = new Tally(changes);
      await().atMost(Duration.ofSeconds(60)).until(() -> tally.of("mass", "connected") == count);
      log.info("{} sockets were online after {} ms", count, millisSince(start));
      assertThat(crowd).noneMatch(LiveClient::isClosed);

      start = System.nanoTime();
      crowd.forEach(LiveClient::abort);
      await().atMost(Duration.ofSeconds(90)).until(() -> tally.of("mass", "disconnected") == count);
      log.info("all were offline {} ms after they were dropped", millisSince(start));
      changes.readToEnd();
      for (String user : List.of("mass", "stays", "star", "crowd")) {
        assertThat(tally.of(user, "timed_out")).as(user).isZero();
      }
      assertThat(tally.of("stays", "disconnected")).isZero();
      assertThat(tally.of("stays", "connected")).isEqualTo(stay);
    }
    assertThat(staying).noneMatch(LiveClient::isClosed);
    staying.forEach(LiveClient::close);
  }

  private static void pong(RawSocket socket) {
    try {
      socket.pong();
    } catch (IOException e) {
      // It is closed already.
    }
  }

  /** Posts an event of each user. */
  private static void post(List<String> users, Function<String, String> event) {
    String events = users.stream().map(event).collect(Collectors.joining(","));
    deployment.client().post("/v1/events", "{'events':[" + events + "]}").is(202);
  }

  private static String list(List<String> users) {
    return users.stream().map(id -> "'" + id + "'").collect(Collectors.joining(","));
  }

  private static double metric(Gateway gateway, String name) {
    return new Client(gateway.port())
        .get("/metrics")
        .text()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  /** The versions of each user on the topic, in order. */
  private static Map<String, List<Long>> versions() {
    Map<String, List<Long>> versions = new HashMap<>();
    try (TopicReader changes = deployment.reader(Deployment.TOPICS.changes())) {
      for (ConsumerRecord<byte[], byte[]> record : changes.readToEnd()) {
        JsonNode change = TopicReader.json(Objects.requireNonNull(record.value()));
        versions
            .computeIfAbsent(change.path("user_id").asText(), id -> new ArrayList<>())
            .add(change.path("version").asLong());
      }
    }
    return versions;
  }

  /**
   * How many changes there were with each reason, by the letters that the user's id begins with.
   */
  private static final class Tally {
    private final TopicReader changes;
    private final Map<String, Integer> counts = new HashMap<>();
    private int read;

    Tally(TopicReader changes) {
      this.changes = changes;
    }

    int of(String letters, String reason) {
      List<ConsumerRecord<byte[], byte[]>> records = changes.poll();
      for (; read < records.size(); read++) {
        JsonNode change = TopicReader.json(Objects.requireNonNull(records.get(read).value()));
        String user = change.path("user_id").asText().replaceAll("[0-9]+$", "");
        counts.merge(user + " " + change.path("reason").asText(), 1, Integer::sum);
      }
      return counts.getOrDefault(letters + " " + reason, 0);
    }
  }

  private static long millisSince(long start) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
  }
}
