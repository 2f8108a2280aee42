package io.presence.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.Gateway;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.Json;
import io.presence.schemas.topic.Partitioning;
import io.presence.schemas.topic.Topics;
import io.presence.standalone.EmbeddedKafka;
import io.presence.streams.StreamsApp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Time;
import org.jspecify.annotations.Nullable;

/** One broker, one streams-app and one gateway in this JVM. */
final class SingleNode implements AutoCloseable {
  static final Topics TOPICS = new Topics("");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  final EmbeddedKafka kafka;
  final KafkaProducer<byte[], byte[]> producer;
  private final Map<String, String> settings;
  private @Nullable StreamsApp streamsApp;
  private @Nullable Gateway gateway;

  /**
   * Starts the broker alone.
   *
   * @param clock the broker's
   * @param more settings of streams-app and gateway
   */
  SingleNode(Path data, Time clock, Map<String, String> more) {
    this(data, clock, more, Map.of());
  }

  /**
   * Starts the broker alone, with settings of its own.
   *
   * @param brokerSettings replace those of an embedded broker
   */
  SingleNode(Path data, Time clock, Map<String, String> more, Map<String, String> brokerSettings) {
    kafka = EmbeddedKafka.start(data.resolve("kafka"), 0, brokerSettings, clock);
    settings = new HashMap<>();
    settings.put("PRESENCE_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
    settings.put("PRESENCE_PARTITIONS", Integer.toString(Cluster.PARTITIONS));
    settings.put("PRESENCE_HTTP_PORT", "0");
    settings.put("PRESENCE_STREAMS_PORT", "0");
    settings.put("PRESENCE_STANDBY_REPLICAS", "0");
    settings.put("PRESENCE_DATA_DIR", data.toString());
    settings.putAll(more);
    producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                kafka.bootstrapServers(),
                ProducerConfig.LINGER_MS_CONFIG,
                5),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  /** Starts the rest, and returns when it is ready. */
  SingleNode start() throws InterruptedException {
    StreamsApp streams = StreamsApp.start(settings);
    streamsApp = streams;
    Gateway started = Gateway.start(settings, streams.queries());
    gateway = started;
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!streams.ready() || !started.ready()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not ready");
      }
      Thread.sleep(20);
    }
    return this;
  }

  int port() {
    Gateway started = gateway;
    if (started == null) {
      throw new IllegalStateException("not started");
    }
    return started.port();
  }

  /** Appends an event of a user, as any producer may. */
  void append(OfUser event) {
    var unused =
        producer.send(
            new ProducerRecord<>(
                TOPICS.events().name(),
                event.userId().getBytes(StandardCharsets.UTF_8),
                PresenceEventCodec.write(event)));
  }

  /** Appends an event of no user to the partition of one. */
  void append(String toPartitionOf, byte[] value) {
    var unused =
        producer.send(
            new ProducerRecord<>(
                TOPICS.events().name(),
                Partitioning.partitionOf(toPartitionOf, Cluster.PARTITIONS),
                null,
                value));
  }

  /** Calls the gateway, and returns the answer's status. */
  int call(String method, String path, String body) throws InterruptedException {
    return send(method, path, body).map(Gateways.Answer::status).orElse(0);
  }

  /** Looks up users as a stranger; each must be answered for. */
  JsonNode lookUp(Collection<String> ids) throws InterruptedException {
    JsonNode answer =
        json(
            "POST",
            "/v1/presence/query",
            "{\"user_ids\":["
                + ids.stream().map(id -> '"' + id + '"').collect(Collectors.joining(","))
                + "]}");
    if (!answer.path("unavailable").isEmpty()) {
      throw new AssertionError(answer.toString());
    }
    return answer.path("presences");
  }

  /** The status shown of a user; "unknown" if none is. */
  String status(String id) throws InterruptedException {
    return lookUp(List.of(id)).path(id).path("status").asText("unknown");
  }

  /** What the gateway answers, which has to be a 200. */
  JsonNode json(String method, String path, String body) throws InterruptedException {
    Gateways.Answer answer = send(method, path, body).orElseThrow();
    if (answer.status() != 200) {
      throw new AssertionError(path + ": " + answer.status());
    }
    try {
      return Json.MAPPER.readTree(answer.body());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** All records that are in a topic now, committed or not. */
  List<ConsumerRecord<byte[], byte[]>> read(String topic) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          IntStream.range(0, consumer.partitionsFor(topic).size())
              .mapToObj(partition -> new TopicPartition(topic, partition))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      while (partitions.stream()
          .anyMatch(partition -> consumer.position(partition) < ends.getOrDefault(partition, 0L))) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
      return records;
    }
  }

  private Optional<Gateways.Answer> send(String method, String path, String body)
      throws InterruptedException {
    return new Gateways(List.of(port())).send(0, method, path, body);
  }

  @Override
  public void close() {
    producer.close(Duration.ZERO);
    if (gateway != null) {
      gateway.close();
    }
    if (streamsApp != null) {
      streamsApp.close();
    }
    kafka.close();
  }
}
