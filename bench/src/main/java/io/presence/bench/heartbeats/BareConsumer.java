package io.presence.bench.heartbeats;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.presence.bench.Cpu;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The floor: reads batches of heartbeats, parses each entry into user, session, device and whether
 * it is active, counts, and does nothing else. One thread, Jackson's streaming parser.
 */
final class BareConsumer {
  static final String BOOTSTRAP = "BENCH_BOOTSTRAP";
  static final String TOPIC = "BENCH_TOPIC";

  /** What its last line begins with; heartbeats, nanoseconds and CPU-seconds follow. */
  static final String DONE = "read";

  private static final JsonFactory FACTORY = new JsonFactory();

  private long entries;
  private long active;
  private long characters;

  private BareConsumer() {}

  /** Reads a topic to its end, and says how long that took from half of it on. */
  public static void main(String[] args) throws IOException {
    Map<String, Object> config = new HashMap<>();
    config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv(BOOTSTRAP));
    config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2_000);
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      System.out.println(new BareConsumer().read(consumer, System.getenv(TOPIC)));
    }
  }

  private String read(KafkaConsumer<byte[], byte[]> consumer, String topic) throws IOException {
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream()
            .map(info -> new TopicPartition(topic, info.partition()))
            .toList();
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    long end = consumer.endOffsets(partitions).values().stream().mapToLong(Long::longValue).sum();
    long warm = Math.round(end * HeartbeatLog.WARM);
    long records = 0;
    long from = 0;
    long entriesBefore = 0;
    double cpuBefore = 0;
    while (records < end) {
      ConsumerRecords<byte[], byte[]> polled = consumer.poll(Duration.ofMillis(100));
      for (ConsumerRecord<byte[], byte[]> record : polled) {
        parse(record.value());
        records++;
        if (records == warm) {
          from = System.nanoTime();
          entriesBefore = entries;
          cpuBefore = Cpu.ofSelf();
        }
      }
    }
    return String.format(
        Locale.ROOT,
        "%s %d %d %.3f (%d active, %d characters)",
        DONE,
        entries - entriesBefore,
        System.nanoTime() - from,
        Cpu.ofSelf() - cpuBefore,
        active,
        characters);
  }

  private void parse(byte[] value) throws IOException {
    try (JsonParser parser = FACTORY.createParser(value)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean batch = parser.currentName().equals("entries");
        if (parser.nextToken() == JsonToken.START_ARRAY && batch) {
          while (parser.nextToken() == JsonToken.START_ARRAY) {
            parser.nextToken();
            String user = parser.getText();
            parser.nextToken();
            String session = parser.getText();
            parser.nextToken();
            String device = parser.getText();
            entries++;
            characters += user.length() + session.length() + device.length();
            if (parser.nextToken() != JsonToken.END_ARRAY) {
              active += parser.currentToken() == JsonToken.VALUE_TRUE ? 1 : 0;
              parser.nextToken();
            }
          }
        }
      }
    }
  }
}
