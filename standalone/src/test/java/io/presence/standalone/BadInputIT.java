package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.presence.gateway.Gateway;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.topic.DeadLetter;
import io.presence.schemas.topic.Partitioning;
import io.presence.schemas.topic.TopicSetup.UnfitTopicException;
import io.presence.schemas.topic.Topics;
import io.presence.streams.StreamsApp;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot be taken gets a dead letter or a clear error, and nothing else is lost. */
class BadInputIT {
  private static final int PARTITIONS = 2;

  @TempDir static Path data;
  private static TestKafka kafka;

  /** One record, and what the reason of its dead letter says. */
  private record Bad(
      @Nullable String key, @Nullable Integer partition, @Nullable String value, String reason) {}

  @BeforeAll
  static void start() {
    kafka = TestKafka.start();
  }

  @AfterAll
  static void stop() throws Exception {
    kafka.close();
  }

  @Test
  void shouldSetAsideWhatCannotBeTakenAndTakeAllElse() throws Exception {
    Topics topics = new Topics("");
    List<Bad> bad = badRecords();
    List<String> good = IntStream.range(0, 2 * bad.size()).mapToObj(i -> "good-" + i).toList();
    try (StreamsApp app = StreamsApp.start(settings("", PARTITIONS));
        KafkaProducer<byte[], byte[]> producer = producer();
        TopicReader deadLetters =
            new TopicReader(kafka.bootstrapServers(), topics.deadLetters().name())) {
      List<Future<?>> sent = new ArrayList<>();
      for (int i = 0; i < bad.size(); i++) {
        Bad each = bad.get(i);
        sent.add(producer.send(connected(topics, good.get(2 * i))));
        sent.add(
            producer.send(
                new ProducerRecord<>(
                    topics.events().name(),
                    each.partition(),
                    bytes(each.key()),
                    bytes(each.value()))));
        sent.add(producer.send(connected(topics, good.get(2 * i + 1))));
      }
      for (Future<?> each : sent) {
        each.get();
      }

      await().atMost(Duration.ofSeconds(30)).until(() -> deadLetters.poll().size() >= bad.size());
      assertThat(deadLetters.readToEnd()).hasSameSizeAs(bad);
      for (Bad each : bad) {
        assertThat(deadLetters.readToEnd())
            .as(each.reason())
            .anySatisfy(
                letter -> {
                  assertThat(letter.key()).isEqualTo(bytes(each.key()));
                  assertThat(letter.value()).isEqualTo(bytes(each.value()));
                  assertThat(TopicReader.header(letter, DeadLetter.REASON)).contains(each.reason());
                });
      }
      for (ConsumerRecord<byte[], byte[]> letter : deadLetters.readToEnd()) {
        assertThat(TopicReader.header(letter, DeadLetter.TOPIC)).isEqualTo(topics.events().name());
        assertThat(TopicReader.header(letter, DeadLetter.PARTITION)).matches("[01]");
        assertThat(TopicReader.header(letter, DeadLetter.OFFSET)).matches("\\d+");
      }
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(
                          app.queries()
                              .lookup(new Lookup.Request(null, good, false, false))
                              .toCompletableFuture()
                              .get()
                              .entries())
                      .allMatch(entry -> entry.outcome() == Lookup.Outcome.SHOWN));
    }
  }

  @Test
  void shouldSayWhatIsWrongWithATopicThatCannotBeWorkedWith() throws Exception {
    createTopic("stamped-presence-events", PARTITIONS, "CreateTime");
    createTopic("wide-presence-events", PARTITIONS + 1, "LogAppendTime");
    assertThatThrownBy(() -> StreamsApp.start(settings("stamped-", PARTITIONS)))
        .isInstanceOf(UnfitTopicException.class)
        .hasMessageContaining("stamped-presence-events")
        .hasMessageContaining("message.timestamp.type=LogAppendTime");
    assertThatThrownBy(() -> StreamsApp.start(settings("wide-", PARTITIONS)))
        .isInstanceOf(UnfitTopicException.class)
        .hasMessageContaining("wide-presence-events has 3 partitions, but 2 are configured");
    for (String prefix : List.of("stamped-", "wide-")) {
      assertThatThrownBy(() -> Gateway.start(settings(prefix, PARTITIONS), null))
          .isInstanceOf(UnfitTopicException.class)
          .hasMessageContaining(prefix + "presence-events");
    }
  }

  private static List<Bad> badRecords() {
    String elsewhere = "elsewhere";
    int wrong = 1 - Partitioning.partitionOf(elsewhere, PARTITIONS);
    return List.of(
        new Bad("u", null, "{\"type\":", "not JSON"),
        new Bad("u", null, "", ""),
        new Bad("u", null, null, "no value"),
        new Bad("u", null, "[1]", "expected a JSON object"),
        new Bad("u", null, "{\"user_id\":\"u\"}", "type: missing"),
        new Bad("u", null, "{\"type\":\"teleported\",\"user_id\":\"u\"}", "type: unknown"),
        new Bad("u", null, "{\"type\":\"heartbeat\",\"user_id\":7}", "user_id"),
        new Bad(
            "u", null, "{\"type\":\"heartbeat\",\"user_id\":\"u\",\"active\":\"yes\"}", "active"),
        new Bad(
            "u", null, "{\"type\":\"status\",\"user_id\":\"u\",\"status\":\"dizzy\"}", "status"),
        new Bad(
            "u",
            null,
            "{\"type\":\"status\",\"user_id\":\"u\",\"status\":\"busy\",\"expires_in\":-1}",
            "expires_in"),
        new Bad(
            "u",
            null,
            "{\"type\":\"connected\",\"user_id\":\"u\",\"custom_status\":\"be\\u0007ll\"}",
            "custom_status"),
        new Bad("u\n", null, "{\"type\":\"heartbeat\",\"user_id\":\"u\\n\"}", "user_id"),
        new Bad(
            "x".repeat(129),
            null,
            "{\"type\":\"heartbeat\",\"user_id\":\"" + "x".repeat(129) + "\"}",
            "user_id"),
        new Bad(
            "u",
            null,
            "{\"type\":\"connected\",\"user_id\":\"u\",\"session_id\":\"device:web\"}",
            "session_id"),
        new Bad("u", null, "x".repeat(1_048_000), "not JSON"),
        new Bad(
            "u",
            null,
            "{\"type\":\"connected\",\"user_id\":\"u\",\"custom_status\":\""
                + "y".repeat(1_047_000)
                + "\"}",
            "custom_status"),
        new Bad(null, null, "{\"type\":\"heartbeat\",\"user_id\":\"u\"}", "no key"),
        new Bad(
            "v", null, "{\"type\":\"heartbeat\",\"user_id\":\"u\"}", "the key is not the user_id"),
        new Bad(
            elsewhere,
            wrong,
            "{\"type\":\"heartbeat\",\"user_id\":\"elsewhere\"}",
            "producers must use murmur2"),
        new Bad(
            null,
            wrong,
            "{\"type\":\"heartbeats\",\"entries\":[[\"elsewhere\",null,null]]}",
            "producers must use murmur2"));
  }

  private static Map<String, String> settings(String prefix, int partitions) {
    Map<String, String> settings = new HashMap<>();
    settings.put("PRESENCE_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
    settings.put("PRESENCE_TOPIC_PREFIX", prefix);
    settings.put("PRESENCE_APPLICATION_ID", prefix + "presence");
    settings.put("PRESENCE_PARTITIONS", Integer.toString(partitions));
    settings.put("PRESENCE_STANDBY_REPLICAS", "0");
    settings.put("PRESENCE_STREAMS_PORT", "0");
    settings.put("PRESENCE_HTTP_PORT", "0");
    settings.put("PRESENCE_DATA_DIR", data.toString());
    return settings;
  }

  private static void createTopic(String name, int partitions, String timestampType)
      throws Exception {
    try (Admin admin =
        Admin.create(
            Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()))) {
      admin
          .createTopics(
              Set.of(
                  new NewTopic(name, Optional.of(partitions), Optional.empty())
                      .configs(Map.of("message.timestamp.type", timestampType))))
          .all()
          .get();
    }
  }

  private static KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            kafka.bootstrapServers(),
            ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
            2_000_000),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static ProducerRecord<byte[], byte[]> connected(Topics topics, String userId) {
    return new ProducerRecord<>(
        topics.events().name(),
        bytes(userId),
        bytes("{\"type\":\"connected\",\"user_id\":\"" + userId + "\"}"));
  }

  private static byte @Nullable [] bytes(@Nullable String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }
}
