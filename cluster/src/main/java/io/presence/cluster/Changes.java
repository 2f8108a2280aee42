package io.presence.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads {@code presence-changes} from its beginning, and holds each change against the model. */
final class Changes implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Changes.class);
  private static final String TOPIC = "presence-changes";
  private static final long LATE_NANOS = 5_000_000_000L;

  private final KafkaConsumer<String, byte[]> consumer;
  private final Map<String, Person> people;
  private final Findings findings;
  private final Thread thread;
  private volatile boolean closed;

  Changes(String bootstrapServers, Map<String, Person> people, Findings findings) {
    this.people = people;
    this.findings = findings;
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                "read_committed",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                "earliest",
                ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
                50,
                // A paused broker does not answer, and does not refuse.
                ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG,
                5_000),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        IntStream.range(0, Cluster.PARTITIONS).mapToObj(p -> new TopicPartition(TOPIC, p)).toList();
    consumer.assign(partitions);
    this.thread = Thread.ofPlatform().daemon().name("changes").start(this::run);
  }

  private void run() {
    try {
      while (!closed) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(50))) {
          take(record);
        }
      }
    } catch (RuntimeException e) {
      findings.wrong("changes cannot be read: " + e);
    } finally {
      consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
    }
  }

  private void take(ConsumerRecord<String, byte[]> record) {
    Person person = people.get(record.key());
    if (person == null) {
      findings.wrong("a change of " + record.key() + ", who is nobody");
      return;
    }
    try {
      JsonNode change = Json.MAPPER.readTree(record.value());
      long late = person.change(change);
      findings.changeLate(late);
      if (late > LATE_NANOS) {
        LOG.debug(
            "{} s late: a change of {} at {}, {}-{}, which was written {}",
            late / 1_000_000_000,
            person.id,
            change.path("at"),
            record.topic(),
            record.partition(),
            Instant.ofEpochMilli(record.timestamp()));
      }
    } catch (IOException | AssertionError e) {
      findings.wrong(
          "%s-%d at %d: %s"
              .formatted(record.topic(), record.partition(), record.offset(), e.getMessage()));
    }
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    thread.join(Duration.ofSeconds(10));
  }
}
