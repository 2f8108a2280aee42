package io.presence.streams.query;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsMetadata;
import org.apache.kafka.streams.ThreadMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a copy of a partition must have taken in so that it may answer: it must not be more than two
 * seconds behind its owner, for old privacy is a leak. What the owner has written is read off its
 * changelog: the newest timestamp there, and the time since it was asked for, in which there may
 * have come more. The copy knows the time that it has taken in (stored each second, so that it errs
 * on the safe side), and is held against it when it answers, not before: for what is a good copy
 * now may be emptied in the next moment. All that holds while the owner lives and after it died; a
 * copy that could not be compared for two seconds does not answer.
 */
public final class StandbyFreshness implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StandbyFreshness.class);
  private static final Duration INTERVAL = Duration.ofMillis(250);
  private static final long LIMIT_MILLIS = 2_000;

  private final KafkaStreams streams;
  private final Admin admin;
  private final Standstill standstill;
  private final String address;
  private final String applicationId;
  private final Map<String, String> stores;
  private final Map<Copy, Written> written = new ConcurrentHashMap<>();
  private final ScheduledExecutorService executor;

  private record Copy(String store, int partition) {}

  /**
   * What there is in a changelog.
   *
   * @param newest its newest timestamp
   * @param asked when it was asked for, by {@link System#nanoTime}
   */
  private record Written(long newest, long asked) {}

  /**
   * Starts to compare.
   *
   * @param standstill whether this instance may own less than it thinks
   * @param address at which gateways reach this instance
   * @param applicationId which names the changelogs
   * @param stores the stores to compare, each with the topic that feeds it
   */
  public StandbyFreshness(
      KafkaStreams streams,
      Admin admin,
      Standstill standstill,
      String address,
      String applicationId,
      Map<String, String> stores) {
    this.streams = streams;
    this.admin = admin;
    this.standstill = standstill;
    this.address = address;
    this.applicationId = applicationId;
    this.stores = Map.copyOf(stores);
    this.executor =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("standby-freshness").factory());
    Future<?> unused =
        executor.scheduleWithFixedDelay(
            this::compareAll, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * What timestamp the newest record must have that a copy of the partition of a store has taken
   * in; {@link Long#MAX_VALUE} if no copy may answer.
   */
  long required(String store, int partition) {
    Written owner = written.get(new Copy(store, partition));
    if (owner == null) {
      return Long.MAX_VALUE;
    }
    long since = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - owner.asked);
    return since > LIMIT_MILLIS ? Long.MAX_VALUE : owner.newest + since - LIMIT_MILLIS;
  }

  private void compareAll() {
    stores.forEach(this::compare);
  }

  private void compare(String store, String topic) {
    try {
      String changelog = applicationId + "-" + store + "-changelog";
      Set<Integer> copies = copies(topic);
      written
          .keySet()
          .removeIf(copy -> copy.store().equals(store) && !copies.contains(copy.partition()));
      if (copies.isEmpty()) {
        return;
      }
      long asked = System.nanoTime();
      Map<TopicPartition, OffsetSpec> newest = new HashMap<>();
      for (int partition : copies) {
        newest.put(new TopicPartition(changelog, partition), OffsetSpec.maxTimestamp());
      }
      ListOffsetsResult offsets = admin.listOffsets(newest);
      // Partition by partition: where one has no leader, the others are compared all the same.
      for (int partition : copies) {
        var unused =
            offsets
                .partitionResult(new TopicPartition(changelog, partition))
                .whenComplete(
                    (result, failure) -> {
                      if (failure == null) {
                        written.put(
                            new Copy(store, partition), new Written(result.timestamp(), asked));
                      } else {
                        LOG.debug("{}-{} could not be compared", changelog, partition, failure);
                      }
                    });
      }
    } catch (RuntimeException e) {
      LOG.debug("standbys could not be compared with their owners", e);
    }
  }

  /**
   * What this instance holds and does not own for sure. What it holds it reads from the group's
   * assignment, which tells of a partition that moves here that it is owned here, from the first
   * word of it; whether it is by now, its threads know, and tell while none of them moves any.
   */
  private Set<Integer> copies(String topic) {
    Set<ThreadMetadata> threads = streams.metadataForLocalThreads();
    boolean inDoubt =
        standstill.isInDoubt()
            || threads.stream().anyMatch(thread -> !thread.threadState().equals("RUNNING"));
    Set<TopicPartition> owned =
        inDoubt
            ? Set.of()
            : threads.stream()
                .flatMap(thread -> thread.activeTasks().stream())
                .flatMap(task -> task.topicPartitions().stream())
                .collect(Collectors.toSet());
    return copies(streams.metadataForAllStreamsClients(), address, topic, owned);
  }

  /**
   * @param owned what the instance at the address owns for sure
   */
  static Set<Integer> copies(
      Collection<StreamsMetadata> instances,
      String address,
      String topic,
      Set<TopicPartition> owned) {
    return instances.stream()
        .filter(instance -> address.equals(instance.host() + ":" + instance.port()))
        .flatMap(
            instance ->
                Stream.concat(
                    instance.standbyTopicPartitions().stream(),
                    instance.topicPartitions().stream()))
        .filter(partition -> partition.topic().equals(topic) && !owned.contains(partition))
        .map(TopicPartition::partition)
        .collect(Collectors.toSet());
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
