package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Patch;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import io.presence.streams.StreamsApp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same log gives the same changes, whether it is read as it is written or all at once. */
class ReplayIT {
  private static final Topics TOPICS = new Topics("");
  private static final Topic<byte[]> CHANGES =
      new Topic<>(TOPICS.changes().name(), Serdes.ByteArray(), Map.of());
  private static final int USERS = 50;
  private static final int EVENTS = 1_500;

  @TempDir Path directory;

  @Test
  void shouldEmitTheSameChangesWhenTheSameLogArrivesSparselyAndDensely() throws Exception {
    Path first = directory.resolve("first");
    Map<Integer, List<String>> sparse;
    try (EmbeddedKafka kafka = EmbeddedKafka.start(first, 0);
        StreamsApp app = StreamsApp.start(settings(kafka, "sparse"))) {
      await().atMost(Duration.ofSeconds(60)).until(app::ready);
      writeSlowly(kafka);
      // Everyone has fallen silent: when all are offline, nothing more can change.
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                Map<String, String> last = new TreeMap<>();
                CommittedLog.read(kafka.bootstrapServers(), TOPICS.changes())
                    .forEach(r -> last.put(r.key(), r.value().to().word()));
                return last.size() == USERS
                    && last.values().stream().allMatch(to -> to.equals("offline"));
              });
      sparse = changes(kafka);
    }

    Path second = directory.resolve("second");
    copy(first, second);
    try (EmbeddedKafka kafka = EmbeddedKafka.start(second, 0)) {
      deleteAllButEvents(kafka);
      try (StreamsApp app = StreamsApp.start(settings(kafka, "dense"))) {
        await().atMost(Duration.ofSeconds(60)).until(app::ready);
        await()
            .atMost(Duration.ofSeconds(60))
            .untilAsserted(() -> assertThat(changes(kafka)).isEqualTo(sparse));
      }
    }
    assertThat(sparse.values().stream().mapToInt(List::size).sum()).isGreaterThan(USERS * 4);
  }

  private Map<String, String> settings(EmbeddedKafka kafka, String application) {
    return Map.of(
        "PRESENCE_BOOTSTRAP_SERVERS",
        kafka.bootstrapServers(),
        "PRESENCE_APPLICATION_ID",
        application,
        "PRESENCE_PARTITIONS",
        "4",
        "PRESENCE_HEARTBEAT_TTL",
        "2s",
        "PRESENCE_AWAY_AFTER",
        "3s",
        "PRESENCE_STREAMS_PORT",
        "0",
        "PRESENCE_STANDBY_REPLICAS",
        "0",
        "PRESENCE_DATA_DIR",
        directory.resolve(application).toString());
  }

  /** Some ten seconds of events, a few milliseconds apart. */
  private static void writeSlowly(EmbeddedKafka kafka) throws Exception {
    Random random = new Random(42);
    AtomicInteger written = new AtomicInteger();
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (int i = 0; i < USERS; i++) {
        send(producer, new Connected("u" + i, "s", "web", Patch.keep()));
      }
      Future<?> running =
          clock.scheduleAtFixedRate(
              () -> {
                send(producer, anyEvent(random));
                written.incrementAndGet();
              },
              0,
              7,
              TimeUnit.MILLISECONDS);
      await().atMost(Duration.ofSeconds(60)).until(() -> written.get() >= EVENTS);
      running.cancel(false);
      producer.flush();
    } finally {
      clock.shutdownNow();
    }
  }

  private static OfUser anyEvent(Random random) {
    String user = "u" + random.nextInt(USERS);
    return switch (random.nextInt(10)) {
      case 0 ->
          new StatusSet(
              user,
              null,
              null,
              random.nextBoolean() ? SetStatus.BUSY : SetStatus.ONLINE,
              Scope.USER,
              Patch.set("text " + random.nextInt(5)),
              Patch.keep(),
              Patch.keep(),
              Duration.ofMillis(1 + random.nextInt(2_000)));
      case 1 -> new Connected(user, "s", "web", Patch.keep());
      default -> new Heartbeat(user, "s", "web", random.nextBoolean());
    };
  }

  private static void send(KafkaProducer<byte[], byte[]> producer, OfUser event) {
    Future<?> unused =
        producer.send(
            new ProducerRecord<>(
                TOPICS.events().name(),
                event.userId().getBytes(StandardCharsets.UTF_8),
                PresenceEventCodec.write(event)));
  }

  private static Map<Integer, List<String>> changes(EmbeddedKafka kafka) {
    return CommittedLog.read(kafka.bootstrapServers(), CHANGES).stream()
        .collect(
            Collectors.groupingBy(
                record -> record.partition(),
                TreeMap::new,
                Collectors.mapping(
                    record -> new String(record.value(), StandardCharsets.UTF_8),
                    Collectors.toList())));
  }

  private static void deleteAllButEvents(EmbeddedKafka kafka) throws Exception {
    try (Admin admin =
        Admin.create(
            Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()))) {
      List<String> topics =
          admin.listTopics().names().get().stream()
              .filter(topic -> !topic.equals(TOPICS.events().name()))
              .toList();
      admin.deleteTopics(topics).all().get();
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> admin.listTopics().names().get().stream().noneMatch(topics::contains));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }
}
