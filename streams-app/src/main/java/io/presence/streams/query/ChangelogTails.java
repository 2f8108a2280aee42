package io.presence.streams.query;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads on where copies have got to, to find out whether there is anything more for them: the end
 * of a changelog may be the mark of a transaction that came to nothing, or of one whose records
 * they have. Used by one thread.
 */
final class ChangelogTails implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMillis(200);
  private static final Duration POLL = Duration.ofMillis(20);

  private final Consumer<byte[], byte[]> consumer;

  /**
   * @param clients how to reach the brokers
   */
  ChangelogTails(Map<String, Object> clients) {
    this(consumer(clients));
  }

  /**
   * @param consumer reads what is committed; is closed with this
   */
  ChangelogTails(Consumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  private static Consumer<byte[], byte[]> consumer(Map<String, Object> clients) {
    Map<String, Object> config = new HashMap<>(clients);
    config.put(ConsumerConfig.CLIENT_ID_CONFIG, "presence-standby-freshness");
    config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, (int) POLL.toMillis());
    config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 16 * 1024);
    config.put(
        ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) Duration.ofSeconds(1).toMillis());
    config.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) Duration.ofSeconds(1).toMillis());
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /**
   * Of which partitions there is no record between two offsets. One that is not found out in a
   * fifth of a second is not among them, nor is one with a transaction still open in between.
   *
   * @param after the last record that a copy has taken in
   * @param ends where the partitions end, all that is not committed with them
   * @throws org.apache.kafka.common.KafkaException if the brokers do not answer, or such an offset
   *     is no more
   */
  Set<TopicPartition> empty(Map<TopicPartition, Long> after, Map<TopicPartition, Long> ends) {
    Set<TopicPartition> open = new HashSet<>(after.keySet());
    Set<TopicPartition> empty = new HashSet<>();
    consumer.assign(open);
    after.forEach((partition, offset) -> consumer.seek(partition, offset + 1));
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!open.isEmpty() && System.nanoTime() < deadline) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        open.remove(new TopicPartition(record.topic(), record.partition()));
      }
      for (TopicPartition partition : Set.copyOf(open)) {
        if (consumer.position(partition) >= ends.getOrDefault(partition, Long.MAX_VALUE)) {
          open.remove(partition);
          empty.add(partition);
        }
      }
    }
    return empty;
  }

  @Override
  public void close() {
    consumer.close();
  }
}
