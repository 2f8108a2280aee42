package io.presence.bench.heartbeats;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.topic.Partitioning;
import io.presence.schemas.topic.TopicSetup;
import io.presence.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * A topic full of heartbeats: round after round of one heartbeat of each user, in another order for
 * each of a few rounds. The first round opens the sessions.
 *
 * @param ends by partition, without what is appended later
 * @param heartbeats how many there are in all
 */
record HeartbeatLog(String topic, Map<TopicPartition, Long> ends, long heartbeats) {
  /** So much of it is read before it counts: sessions are opened, code is compiled. */
  static final double WARM = 0.5;

  private static final int PARTITIONS = 8;
  private static final int MAX_ENTRIES = 1_000;
  private static final int ORDERS = 3;

  /**
   * Writes one.
   *
   * @param batched whether heartbeats go in batches, as gateways write them; else one by one
   */
  static HeartbeatLog write(
      Admin admin, String bootstrap, Topics topics, boolean batched, int users, int rounds)
      throws InterruptedException, ExecutionException {
    TopicSetup.ensure(admin, topics.all(), PARTITIONS, Optional.empty());
    String topic = topics.events().name();
    List<List<ProducerRecord<byte[], byte[]>>> orders = new ArrayList<>();
    Random random = new Random(1);
    List<Heartbeat> heartbeats = new ArrayList<>();
    for (int user = 0; user < users; user++) {
      heartbeats.add(heartbeat(user, random));
    }
    for (int order = 0; order < Math.min(ORDERS, rounds); order++) {
      Collections.shuffle(heartbeats, random);
      orders.add(batched ? batches(topic, heartbeats) : singles(topic, heartbeats));
    }
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrap,
                ProducerConfig.LINGER_MS_CONFIG,
                5,
                ProducerConfig.BATCH_SIZE_CONFIG,
                256 * 1024),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (int round = 0; round < rounds; round++) {
        for (ProducerRecord<byte[], byte[]> record : orders.get(round % orders.size())) {
          var unused = producer.send(record);
        }
      }
    }
    return new HeartbeatLog(topic, ends(admin, topic), (long) users * rounds);
  }

  /** How many records there are. */
  long records() {
    return ends.values().stream().mapToLong(Long::longValue).sum();
  }

  /** How many of them a group has read, by what it committed. */
  long readBy(Admin admin, String group) throws InterruptedException, ExecutionException {
    Map<TopicPartition, OffsetAndMetadata> committed =
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    long read = 0;
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      @Nullable OffsetAndMetadata offset = committed.get(end.getKey());
      read += offset == null ? 0 : Math.min(offset.offset(), end.getValue());
    }
    return read;
  }

  private static Heartbeat heartbeat(int user, Random random) {
    // What gateways name sessions by is random, too.
    return new Heartbeat(
        "user-%07d".formatted(user),
        "%016x".formatted(random.nextLong()),
        user % 3 == 0 ? "ios" : "web",
        user % 4 == 0 ? null : Boolean.TRUE);
  }

  private static List<ProducerRecord<byte[], byte[]>> batches(
      String topic, List<Heartbeat> heartbeats) {
    Map<Integer, List<Heartbeat>> byPartition =
        heartbeats.stream()
            .collect(
                Collectors.groupingBy(
                    heartbeat -> Partitioning.partitionOf(heartbeat.userId(), PARTITIONS)));
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    byPartition.forEach(
        (partition, all) -> {
          int count = (all.size() + MAX_ENTRIES - 1) / MAX_ENTRIES;
          for (int i = 0; i < count; i++) {
            List<Heartbeat> part =
                all.subList(all.size() * i / count, all.size() * (i + 1) / count);
            records.add(new ProducerRecord<>(topic, partition, null, write(new Heartbeats(part))));
          }
        });
    return records;
  }

  private static List<ProducerRecord<byte[], byte[]>> singles(
      String topic, List<Heartbeat> heartbeats) {
    return heartbeats.stream()
        .map(
            heartbeat ->
                new ProducerRecord<>(
                    topic, heartbeat.userId().getBytes(StandardCharsets.UTF_8), write(heartbeat)))
        .toList();
  }

  private static byte[] write(PresenceEvent event) {
    return PresenceEventCodec.write(event);
  }

  private static Map<TopicPartition, Long> ends(Admin admin, String topic)
      throws InterruptedException, ExecutionException {
    Map<TopicPartition, Long> ends = new HashMap<>();
    admin
        .listOffsets(
            IntStream.range(0, PARTITIONS)
                .boxed()
                .collect(
                    Collectors.toMap(
                        partition -> new TopicPartition(topic, partition),
                        partition -> OffsetSpec.latest())))
        .all()
        .get()
        .forEach((partition, info) -> ends.put(partition, Objects.requireNonNull(info).offset()));
    return ends;
  }
}
