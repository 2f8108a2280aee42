package io.presence.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads {@code presence-state}. */
final class StateTopic {
  private static final String TOPIC = "presence-state";

  private StateTopic() {}

  /** The latest state of everyone, of what is committed now. */
  static Map<String, JsonNode> latest(String bootstrapServers) {
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                "read_committed"),
            new StringDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          IntStream.range(0, Cluster.PARTITIONS)
              .mapToObj(partition -> new TopicPartition(TOPIC, partition))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      Map<String, JsonNode> latest = new HashMap<>();
      while (partitions.stream()
          .anyMatch(partition -> consumer.position(partition) < ends.getOrDefault(partition, 0L))) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(50))) {
          if (record.value() == null) {
            latest.remove(record.key());
          } else {
            latest.put(record.key(), Json.MAPPER.readTree(record.value()));
          }
        }
      }
      return latest;
    } catch (IOException e) {
      throw new AssertionError(TOPIC + " has a value that is no JSON", e);
    }
  }
}
