package io.presence.streams.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.presence.standalone.EmbeddedKafka;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is found at the end of a changelog, against a real broker's marks of transactions. */
class ChangelogTailsIT {
  private static final TopicPartition CHANGELOG = new TopicPartition("changelog", 0);

  @TempDir Path directory;

  @Test
  void shouldTellMarksOfTransactionsFromRecords() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory, 0);
        Admin admin = Admin.create(clients(kafka));
        KafkaProducer<byte[], byte[]> producer = producer(kafka);
        ChangelogTails tails = new ChangelogTails(clients(kafka))) {
      admin.createTopics(List.of(new NewTopic(CHANGELOG.topic(), 1, (short) 1))).all().get();
      producer.initTransactions();
      producer.beginTransaction();
      long taken = append(producer);
      producer.commitTransaction();
      // The mark of what was taken in.
      await().until(() -> end(admin) == taken + 2);
      await().until(() -> isEmpty(tails, admin, taken));

      producer.beginTransaction();
      long given = append(producer);
      producer.flush();
      // Still open: it may come to be.
      assertThat(isEmpty(tails, admin, taken)).isFalse();
      producer.abortTransaction();
      await().until(() -> end(admin) == given + 2);
      assertThat(newest(admin)).isGreaterThan(given);
      assertThat(isEmpty(tails, admin, taken)).isTrue();

      producer.beginTransaction();
      long next = append(producer);
      producer.commitTransaction();
      await().until(() -> end(admin) == next + 2);
      assertThat(isEmpty(tails, admin, taken)).isFalse();
      assertThat(isEmpty(tails, admin, next)).isTrue();
    }
  }

  private static boolean isEmpty(ChangelogTails tails, Admin admin, long taken) throws Exception {
    return tails
        .empty(Map.of(CHANGELOG, taken), Map.of(CHANGELOG, end(admin)))
        .equals(Set.of(CHANGELOG));
  }

  private static long append(KafkaProducer<byte[], byte[]> producer) throws Exception {
    return producer.send(new ProducerRecord<>(CHANGELOG.topic(), new byte[] {1})).get().offset();
  }

  private static long end(Admin admin) throws Exception {
    return offset(admin, OffsetSpec.latest()).offset();
  }

  /** Where the newest timestamp is. */
  private static long newest(Admin admin) throws Exception {
    return offset(admin, OffsetSpec.maxTimestamp()).offset();
  }

  private static ListOffsetsResult.ListOffsetsResultInfo offset(Admin admin, OffsetSpec spec)
      throws Exception {
    return admin.listOffsets(Map.of(CHANGELOG, spec)).partitionResult(CHANGELOG).get();
  }

  private static KafkaProducer<byte[], byte[]> producer(EmbeddedKafka kafka) {
    return new KafkaProducer<>(
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            kafka.bootstrapServers(),
            ProducerConfig.TRANSACTIONAL_ID_CONFIG,
            "writer",
            ProducerConfig.LINGER_MS_CONFIG,
            0,
            ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
            (int) Duration.ofSeconds(30).toMillis()),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static Map<String, Object> clients(EmbeddedKafka kafka) {
    return Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers());
  }
}
