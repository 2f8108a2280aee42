package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.Gateway;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.ContactAdded;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.VisibilitySet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.Visibility;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.topic.Topics;
import io.presence.streams.StreamsApp;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A hundred thousand users, half of them private, on two instances with a copy of everything on the
 * other one: lookups are right, also while an owner is dead and a standby answers.
 */
class StandbyIT {
  private static final int USERS = 100_000;
  private static final int PARTITIONS = 4;
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Topics TOPICS = new Topics("");

  @TempDir Path data;
  private final Random random = new Random(7);

  @Test
  void shouldAnswerRightFromTheOwnerAndFromAStandby() throws Exception {
    int port = Ports.free("PRESENCE_STREAMS_PORT", InetAddress.getLoopbackAddress(), 0);
    try (TestKafka kafka = TestKafka.start();
        StreamsApp survivor = StreamsApp.start(settings(kafka, "survivor", 0));
        StreamsProcess victim =
            StreamsProcess.start(data.resolve("victim.log"), settings(kafka, "victim", port))) {
      write(kafka);
      Map<String, String> settings = settings(kafka, "gateway", 0);
      settings.put("PRESENCE_STREAMS_URLS", "http://127.0.0.1:" + survivor.port());
      try (Gateway gateway = Gateway.start(settings, null)) {
        Client client = new Client(gateway.port());
        awaitSharedWork(survivor, "127.0.0.1:" + port);
        await().atMost(PATIENCE).until(() -> isAllHere(survivor));
        Client survivorItself = new Client(survivor.port());
        await().atMost(PATIENCE).until(() -> silentPartitions(survivorItself) == 0);

        for (String requester : new @Nullable String[] {null, "bob", "eve"}) {
          for (int round = 0; round < 10; round++) {
            List<String> ids = randomIds();
            JsonNode answer = client.lookup(requester, ids);
            assertThat(answer.path("unavailable")).isEmpty();
            assertThat(answer.has("stale")).isFalse();
            assertRight(answer, requester, ids);
          }
        }

        writeWhatComesToNothing(kafka, survivorItself);
        await().atMost(PATIENCE).until(() -> silentPartitions(survivorItself) == 0);

        victim.kill();
        boolean[] stale = {false};
        await()
            .atMost(PATIENCE)
            .pollInterval(Duration.ofMillis(50))
            .until(
                () -> {
                  List<String> ids = randomIds();
                  JsonNode answer = client.lookup("bob", ids);
                  assertRight(answer, "bob", ids);
                  stale[0] |= answer.path("stale").asBoolean();
                  return stale[0]
                      && !answer.path("stale").asBoolean()
                      && answer.path("unavailable").isEmpty();
                });
        assertThat(
                client.get("/v1/users/" + id(0) + "/presence").is(200).response().headers().map())
            .doesNotContainKey("presence-stale");
      }
    }
  }

  /** Every id is shown as it must be to the requester, or not at all, or said to be unavailable. */
  private static void assertRight(JsonNode answer, @Nullable String requester, List<String> ids) {
    Set<String> unavailable = new HashSet<>();
    answer.path("unavailable").forEach(id -> unavailable.add(id.asText()));
    JsonNode presences = answer.path("presences");
    int shown = 0;
    for (String id : ids) {
      if (unavailable.contains(id)) {
        continue;
      }
      int number = Integer.parseInt(id.substring(1));
      boolean visible =
          number < USERS && (!isPrivate(number) || (isBobs(number) && "bob".equals(requester)));
      assertThat(presences.has(id)).as(id).isEqualTo(visible);
      if (visible) {
        shown++;
        JsonNode presence = presences.path(id);
        assertThat(presence.path("user_id").asText()).isEqualTo(id);
        assertThat(presence.path("status").asText()).isEqualTo("online");
        assertThat(presence.path("custom_status").asText()).isEqualTo("text " + number);
      }
    }
    assertThat(presences).hasSize(shown);
  }

  private static void write(TestKafka kafka) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                kafka.bootstrapServers(),
                ProducerConfig.LINGER_MS_CONFIG,
                20),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (int i = 0; i < USERS; i++) {
        send(producer, new Connected(id(i), null, "web", Patch.set("text " + i)));
        if (isPrivate(i)) {
          send(producer, new VisibilitySet(id(i), Visibility.CONTACTS));
        }
        if (isBobs(i)) {
          send(producer, new ContactAdded(id(i), "bob"));
        }
      }
      // One more in each partition: whoever knows it knows all that was written before.
      for (String last : lastOnes()) {
        send(producer, new Connected(last, null, "web", Patch.keep()));
      }
    }
  }

  /**
   * What is newest in the changelogs by its time is aborted, like what one wrote that was replaced
   * since. As long as it is open, nobody knows, and no copy answers.
   */
  private static void writeWhatComesToNothing(TestKafka kafka, Client survivor)
      throws InterruptedException {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                kafka.bootstrapServers(),
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                "replaced"),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      writeAhead(producer, Duration.ofMinutes(10));
      // What was there more than two seconds before the next is too old.
      Thread.sleep(2_500);
      writeAhead(producer, Duration.ofMinutes(20));
      await().atMost(PATIENCE).until(() -> silentPartitions(survivor) > 0);
      producer.abortTransaction();
    }
  }

  /** A record in each changelog of the users, so much later than now by its time. */
  private static void writeAhead(KafkaProducer<byte[], byte[]> producer, Duration ahead) {
    long timestamp = System.currentTimeMillis() + ahead.toMillis();
    for (int partition = 0; partition < PARTITIONS; partition++) {
      Future<?> unused =
          producer.send(
              new ProducerRecord<>(
                  "presence-presence-changelog",
                  partition,
                  timestamp,
                  "u0".getBytes(StandardCharsets.UTF_8),
                  new byte[1]));
    }
    producer.flush();
  }

  private static void send(KafkaProducer<byte[], byte[]> producer, OfUser event) {
    Future<?> unused =
        producer.send(
            new ProducerRecord<>(
                TOPICS.events().name(),
                event.userId().getBytes(StandardCharsets.UTF_8),
                PresenceEventCodec.write(event)));
  }

  /** How many partitions are there that could not answer, were their owners dead. */
  private static double silentPartitions(Client app) {
    return app.get("/metrics")
        .is(200)
        .text()
        .lines()
        .filter(line -> line.startsWith("presence_partitions_silent{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  /** Whether an instance answers for everyone, be it as the owner or as a standby. */
  private static boolean isAllHere(StreamsApp app) throws Exception {
    return app
        .queries()
        .lookup(new Lookup.Request(null, lastOnes(), true, true))
        .toCompletableFuture()
        .get()
        .entries()
        .stream()
        .allMatch(entry -> entry.outcome() == Lookup.Outcome.SHOWN);
  }

  /** Waits until both instances own something, and each has a copy of what the other one owns. */
  private static void awaitSharedWork(StreamsApp app, String other) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              Ownership ownership = app.queries().ownership().toCompletableFuture().get();
              return ownership.instances().size() == 2
                  && ownership.instances().stream()
                      .allMatch(
                          instance ->
                              instance.active().size() + instance.standby().size() == PARTITIONS)
                  && ownership.instances().stream()
                      .anyMatch(
                          instance ->
                              instance.address().equals(other) && !instance.active().isEmpty());
            });
  }

  private Map<String, String> settings(TestKafka kafka, String name, int port) {
    Map<String, String> settings = new HashMap<>();
    settings.put("PRESENCE_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
    settings.put("PRESENCE_PARTITIONS", Integer.toString(PARTITIONS));
    settings.put("PRESENCE_HEARTBEAT_TTL", "30m");
    settings.put("PRESENCE_AWAY_AFTER", "1h");
    settings.put("PRESENCE_STREAMS_PORT", Integer.toString(port));
    settings.put("PRESENCE_HTTP_PORT", "0");
    settings.put("PRESENCE_DATA_DIR", data.resolve(name).toString());
    return settings;
  }

  /** A thousand ids, one in a hundred of them unknown to all. */
  private List<String> randomIds() {
    return random
        .ints(0, USERS + USERS / 100)
        .distinct()
        .limit(1_000)
        .mapToObj(StandbyIT::id)
        .toList();
  }

  private static List<String> lastOnes() {
    return IntStream.range(0, 8 * PARTITIONS).mapToObj(i -> "last-" + i).toList();
  }

  private static String id(int number) {
    return "u" + number;
  }

  private static boolean isPrivate(int number) {
    return number % 2 == 1;
  }

  private static boolean isBobs(int number) {
    return number % 10 == 1;
  }
}
