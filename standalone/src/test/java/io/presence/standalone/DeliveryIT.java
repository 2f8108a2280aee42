package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.Gateway;
import io.presence.schemas.topic.Partitioning;
import io.presence.schemas.topic.Topics;
import io.presence.streams.StreamsApp;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gateways that are sent what is watched there tell the same as one that reads every change, which
 * stands beside them.
 */
class DeliveryIT {
  private static final Logger log = LoggerFactory.getLogger(DeliveryIT.class);
  private static final int PARTITIONS = 8;
  private static final Map<String, String> BY_INTEREST =
      Map.of(
          "PRESENCE_DELIVERY", "interest",
          "PRESENCE_INTEREST_LINGER", "50ms",
          "PRESENCE_INBOXES", "128",
          "PRESENCE_HEARTBEAT_TTL", "30m",
          "PRESENCE_AWAY_AFTER", "60m",
          "PRESENCE_MESSAGE_RATE", "100000");
  private static final Map<String, String> ALL = Map.of("PRESENCE_DELIVERY", "all");

  /** Whom everyone may see, and who change as fast as they can. */
  private static final List<String> FAST =
      IntStream.range(0, 12).mapToObj(i -> "fast" + i).toList();

  /** Whose privacy changes: one step at a time, for what waits to be sent may be taken back. */
  private static final List<String> SHY = List.of("ada", "bea", "cid", "dot");

  @TempDir Path data;
  private final Random random = new Random(5);

  @Test
  void shouldTellTheSameAsAGatewayThatReadsEveryChange() throws Exception {
    try (Deployment deployment = Deployment.start(data, BY_INTEREST);
        Gateway second = deployment.gateway(Map.of());
        Gateway third = deployment.gateway(Map.of());
        Gateway reference = deployment.gateway(ALL)) {
      Client client = new Client(reference.port());
      List<String> requesters = List.of("user_id=friend", "user_id=eve", "user_id=ada", "");
      Map<String, LiveView> truth = new TreeMap<>();
      Map<String, LiveView> told = new TreeMap<>();
      List<LiveClient> clients = new ArrayList<>();
      List<String> some = FAST.subList(0, 6);
      for (String requester : requesters) {
        List<String> all = new ArrayList<>(FAST);
        all.addAll(SHY);
        SHY.forEach(user -> all.add(marker(user)));
        clients.add(follow(truth, requester, reference.port(), all));
        clients.add(follow(told, requester + " one", deployment.port(), all));
        List<String> half = new ArrayList<>(some);
        SHY.forEach(user -> half.add(marker(user)));
        half.addAll(SHY.subList(0, 2));
        clients.add(follow(told, requester + " two", second.port(), half));
      }
      AtomicBoolean over = new AtomicBoolean();
      // With this one watching, changes go to all, and without it to inboxes.
      LiveClient flapper = LiveClient.connect(third.port(), "");
      CompletableFuture<Integer> flapping =
          CompletableFuture.supplyAsync(() -> flap(flapper, over), Thread::startVirtualThread);

      for (String user : FAST) {
        post(
            client,
            List.of("{'type':'connected','user_id':'%s','session_id':'s'}".formatted(user)));
      }
      for (int round = 0; round < 60; round++) {
        List<String> events = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
          String user = FAST.get(random.nextInt(FAST.size()));
          events.add(
              "{'type':'status','user_id':'%s','status':'busy','activity':'step-%d'}"
                  .formatted(user, random.nextInt(1_000_000)));
        }
        post(client, events);
        shyStep(client, clients, round);
      }
      post(
          client,
          FAST.stream()
              .map(
                  user ->
                      "{'type':'status','user_id':'%s','status':'busy','activity':'the-end'}"
                          .formatted(user))
              .toList());
      over.set(true);
      log.info("{} times somebody subscribed anew", flapping.join());
      for (Map.Entry<String, LiveView> each : told.entrySet()) {
        LiveView wanted =
            Objects.requireNonNull(
                truth.get(each.getKey().substring(0, each.getKey().length() - 4)));
        boolean half = each.getKey().endsWith("two");
        List<String> users = new ArrayList<>(half ? some : FAST);
        for (String user : users) {
          for (LiveView view : List.of(wanted, each.getValue())) {
            view.awaitShown(user, p -> p.path("activity").asText().equals("the-end"));
          }
        }
        users.addAll(half ? SHY.subList(0, 2) : SHY);
        for (String user : users) {
          assertThat(each.getValue().presencesOf(user))
              .as("%s of %s", each.getKey(), user)
              .isEqualTo(wanted.presencesOf(user));
        }
        assertThat(each.getValue().messages("resync")).isEmpty();
        assertThat(each.getValue().messages("initial_presence")).hasSize(1);
      }
      // By chance two of the three may share an inbox, and are one then.
      assertThat(count(deployment, new Topics("").common().name())).isPositive();
      assertThat(count(deployment, new Topics("").inboxes().name())).isGreaterThan(300);
      clients.forEach(LiveClient::close);
      flapper.close();
    }
  }

  @Test
  void shouldLoseNothingBetweenTheSnapshotAndWhatFollows() throws Exception {
    try (Deployment deployment = Deployment.start(data, BY_INTEREST);
        Gateway second = deployment.gateway(Map.of());
        Gateway reference = deployment.gateway(ALL)) {
      Client client = new Client(reference.port());
      AtomicBoolean over = new AtomicBoolean();
      CompletableFuture<Void> changing =
          CompletableFuture.runAsync(() -> change(client, over), Thread::startVirtualThread);
      List<LiveClient> stay = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        int port = i % 3 == 0 ? deployment.port() : i % 3 == 1 ? second.port() : reference.port();
        LiveClient newcomer = LiveClient.connect(port, "user_id=new" + i).subscribe(FAST);
        if (i % 2 == 0) {
          // So that the first to watch a user comes again and again.
          newcomer.view().awaitMessage("initial_presence");
          newcomer.unsubscribe(FAST);
          newcomer.close();
        } else if (i % 3 == 2 || stay.size() > 8) {
          stay.add(newcomer);
        } else {
          newcomer.view().awaitMessage("initial_presence");
          stay.add(newcomer);
        }
        Thread.sleep(random.nextInt(120));
      }
      over.set(true);
      changing.join();
      Map<String, List<Long>> versions = versions(deployment.bootstrapServers());
      for (LiveClient each : stay) {
        for (String user : FAST) {
          List<Long> truth = Objects.requireNonNull(versions.get(user));
          each.view().awaitShown(user, p -> p.path("version").asLong() == truth.getLast());
          List<Long> told = toldOf(each.view(), user);
          assertThat(told).isNotEmpty();
          assertThat(told)
              .as(user)
              .isEqualTo(truth.subList(truth.indexOf(told.getFirst()), truth.size()));
        }
        assertThat(each.view().messages("resync")).isEmpty();
        each.close();
      }
    }
  }

  @Test
  void shouldTellAnewWhereALeaseWasLost() throws Exception {
    Map<String, String> settings = new HashMap<>(BY_INTEREST);
    settings.put("PRESENCE_INTEREST_LEASE", "3s");
    try (Deployment deployment = Deployment.start(data, settings);
        // It says too seldom that it is there.
        Gateway sleepy = deployment.gateway(Map.of("PRESENCE_INTEREST_LEASE", "24s"))) {
      LiveClient watcher = LiveClient.connect(sleepy.port(), "user_id=bob").follow("ada");
      LiveClient other = LiveClient.connect(deployment.port(), "user_id=eve").follow("ada");
      Client client = deployment.client();
      post(client, List.of("{'type':'connected','user_id':'ada','session_id':'s'}"));
      watcher.view().awaitStatus("ada", "online");
      // Its lease runs out, and it does not know.
      Thread.sleep(5_000);
      for (int i = 0; i < 20; i++) {
        post(
            client,
            List.of(
                "{'type':'status','user_id':'ada','status':'busy','activity':'step-%d'}"
                    .formatted(i)));
      }
      watcher.view().awaitMessage("resync");
      watcher.view().awaitShown("ada", p -> p.path("activity").asText().equals("step-19"));
      other.view().awaitShown("ada", p -> p.path("activity").asText().equals("step-19"));
      assertThat(other.view().messages("resync")).isEmpty();
      assertThat(other.view().presencesOf("ada")).hasSize(21);
      watcher.close();
      other.close();
    }
  }

  @Test
  void shouldGoOnWhenStreamsAppsAndGatewaysComeAndGo() throws Exception {
    try (TestKafka kafka = TestKafka.start()) {
      StreamsApp first = StreamsApp.start(settings(kafka, "first"));
      Map<String, String> other = settings(kafka, "second");
      int port = Ports.free("PRESENCE_STREAMS_PORT", InetAddress.getLoopbackAddress(), 0);
      other.put("PRESENCE_STREAMS_PORT", Integer.toString(port));
      Map<String, String> asking = new HashMap<>(settings(kafka, "gateway"));
      asking.put(
          "PRESENCE_STREAMS_URLS",
          "http://127.0.0.1:" + first.port() + ",http://127.0.0.1:" + port);
      try (Gateway one = gateway(asking, Map.of());
          Gateway reference = gateway(asking, ALL)) {
        Client client = new Client(reference.port());
        List<LiveClient> clients = new ArrayList<>();
        for (Gateway gateway : List.of(one, reference)) {
          clients.add(
              LiveClient.connect(gateway.port(), "user_id=eve")
                  .follow(FAST.toArray(String[]::new)));
        }
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> changing =
            CompletableFuture.runAsync(() -> change(client, over), Thread::startVirtualThread);
        Thread.sleep(1_000);
        // Half of the partitions move, with who watches; and then the others.
        StreamsApp second = StreamsApp.start(other);
        await().atMost(LiveView.PATIENCE).until(second::ready);
        Thread.sleep(3_000);
        first.close();
        Thread.sleep(3_000);
        // A gateway goes, and another one comes.
        Gateway two = gateway(asking, Map.of());
        clients.add(
            LiveClient.connect(two.port(), "user_id=eve").follow(FAST.toArray(String[]::new)));
        Thread.sleep(1_000);
        clients.removeLast().close();
        two.close();
        Gateway three = gateway(asking, Map.of());
        clients.add(
            LiveClient.connect(three.port(), "user_id=eve").follow(FAST.toArray(String[]::new)));
        // All at once goes, and comes again with what it had.
        second.close();
        Thread.sleep(500);
        StreamsApp third = StreamsApp.start(other);
        await().atMost(LiveView.PATIENCE).until(third::ready);
        Thread.sleep(2_000);
        over.set(true);
        changing.join();
        awaitTheEnd(kafka, clients);

        // From here on nothing moves: each change is told once, and in order.
        Map<String, Integer> before = new HashMap<>();
        List<Integer> resyncs = new ArrayList<>();
        Map<String, List<Long>> already = versions(kafka.bootstrapServers());
        for (int i = 0; i < clients.size(); i++) {
          LiveClient each = clients.get(i);
          resyncs.add(each.view().messages("resync").size());
          for (String user : FAST) {
            before.put(i + user, toldOf(each.view(), user).size());
          }
        }
        AtomicBoolean soon = new AtomicBoolean();
        CompletableFuture<Void> more =
            CompletableFuture.runAsync(() -> change(client, soon), Thread::startVirtualThread);
        Thread.sleep(1_500);
        soon.set(true);
        more.join();
        awaitTheEnd(kafka, clients);
        Map<String, List<Long>> versions = versions(kafka.bootstrapServers());
        for (int i = 0; i < clients.size(); i++) {
          LiveClient each = clients.get(i);
          assertThat(each.view().messages("resync")).hasSize(resyncs.get(i));
          for (String user : FAST) {
            List<Long> truth = Objects.requireNonNull(versions.get(user));
            List<Long> told = toldOf(each.view(), user);
            assertThat(told.subList(Objects.requireNonNull(before.get(i + user)), told.size()))
                .as("client %d of %s", i, user)
                .isEqualTo(
                    truth.subList(Objects.requireNonNull(already.get(user)).size(), truth.size()));
          }
          each.close();
        }
        three.close();
        third.close();
      }
    }
  }

  /** One event about who sees whom, and a marker after it that all have to have read. */
  private void shyStep(Client client, List<LiveClient> clients, int step) {
    String user = SHY.get(random.nextInt(SHY.size()));
    String event =
        switch (random.nextInt(10)) {
          case 0, 1 ->
              "{'type':'visibility','user_id':'%s','visibility':'%s'}"
                  .formatted(
                      user, List.of("everyone", "contacts", "nobody").get(random.nextInt(3)));
          case 2, 3 -> "{'type':'contact_added','user_id':'%s','contact':'friend'}".formatted(user);
          case 4 -> "{'type':'contact_removed','user_id':'%s','contact':'friend'}".formatted(user);
          case 5 -> "{'type':'erased','user_id':'%s'}".formatted(user);
          case 6 -> "{'type':'disconnected','user_id':'%s','session_id':'s'}".formatted(user);
          case 7, 8 -> "{'type':'connected','user_id':'%s','session_id':'s'}".formatted(user);
          default ->
              "{'type':'status','user_id':'%s','status':'busy','activity':'a%d'}"
                  .formatted(user, step);
        };
    String marker = marker(user);
    post(
        client,
        List.of(
            event,
            "{'type':'connected','user_id':'%s','session_id':'s','custom_status':'m%d'}"
                .formatted(marker, step)));
    for (LiveClient each : clients) {
      each.view().awaitShown(marker, p -> p.path("custom_status").asText().equals("m" + step));
    }
  }

  /** Someone in the partition of the user. */
  private static String marker(String user) {
    int partition = Partitioning.partitionOf(user, PARTITIONS);
    return IntStream.iterate(0, i -> i + 1)
        .mapToObj(i -> user + "-marker" + i)
        .filter(id -> Partitioning.partitionOf(id, PARTITIONS) == partition)
        .findFirst()
        .orElseThrow();
  }

  private static LiveClient follow(
      Map<String, LiveView> views, String name, int port, List<String> users) {
    String query = name.split(" ", -1)[0];
    LiveClient client = LiveClient.connect(port, query).follow(users.toArray(String[]::new));
    views.put(name, client.view());
    return client;
  }

  /** Subscribes and unsubscribes all the time. */
  private static int flap(LiveClient client, AtomicBoolean over) {
    int answers = 0;
    while (!over.get()) {
      client.subscribe(FAST).view().awaitMessages("initial_presence", ++answers);
      client.unsubscribe(FAST);
      pause(150);
    }
    return answers;
  }

  /** Changes users until it is over. */
  private static void change(Client client, AtomicBoolean over) {
    Random random = new Random(9);
    while (!over.get()) {
      List<String> events = new ArrayList<>();
      for (String user : FAST) {
        events.add("{'type':'connected','user_id':'%s','session_id':'s'}".formatted(user));
        events.add(
            "{'type':'status','user_id':'%s','status':'busy','activity':'step-%d'}"
                .formatted(user, random.nextInt(1_000_000)));
      }
      post(client, events);
      pause(10);
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static void post(Client client, List<String> events) {
    client.post("/v1/events", "{'events':[" + String.join(",", events) + "]}").is(202);
  }

  private static void awaitTheEnd(TestKafka kafka, List<LiveClient> clients) {
    await("all are told the newest of everyone")
        .atMost(LiveView.PATIENCE)
        .untilAsserted(
            () -> {
              Map<String, List<Long>> versions = versions(kafka.bootstrapServers());
              for (int i = 0; i < clients.size(); i++) {
                for (String user : FAST) {
                  JsonNode shown = clients.get(i).view().shown(user);
                  assertThat(shown == null ? 0 : shown.path("version").asLong())
                      .as("client %d of %s", i, user)
                      .isEqualTo(Objects.requireNonNull(versions.get(user)).getLast());
                }
              }
            });
  }

  private static List<Long> toldOf(LiveView view, String user) {
    return view.presencesOf(user).stream().map(p -> p.path("version").asLong()).toList();
  }

  /** The versions of each user on the topic, in order. */
  private static Map<String, List<Long>> versions(String bootstrapServers) {
    Map<String, List<Long>> versions = new HashMap<>();
    try (TopicReader changes = new TopicReader(bootstrapServers, new Topics("").changes().name())) {
      for (ConsumerRecord<byte[], byte[]> record : changes.readToEnd()) {
        JsonNode change = TopicReader.json(Objects.requireNonNull(record.value()));
        versions
            .computeIfAbsent(change.path("user_id").asText(), id -> new ArrayList<>())
            .add(change.path("version").asLong());
      }
    }
    return versions;
  }

  private static int count(Deployment deployment, String topic) {
    try (TopicReader reader = new TopicReader(deployment.bootstrapServers(), topic)) {
      return reader.readToEnd().size();
    }
  }

  private Map<String, String> settings(TestKafka kafka, String name) {
    Map<String, String> settings = new HashMap<>(BY_INTEREST);
    settings.put("PRESENCE_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
    settings.put("PRESENCE_PARTITIONS", Integer.toString(PARTITIONS));
    settings.put("PRESENCE_STREAMS_PORT", "0");
    settings.put("PRESENCE_HTTP_PORT", "0");
    settings.put("PRESENCE_DATA_DIR", data.resolve(name).toString());
    return settings;
  }

  private static Gateway gateway(Map<String, String> settings, Map<String, String> more)
      throws InterruptedException {
    Map<String, String> all = new HashMap<>(settings);
    all.putAll(more);
    Gateway gateway = Gateway.start(all, null);
    await().atMost(Duration.ofSeconds(60)).until(gateway::ready);
    return gateway;
  }
}
