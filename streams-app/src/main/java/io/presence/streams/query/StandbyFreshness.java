package io.presence.streams.query;

import io.presence.streams.store.TimestampQuery;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.StateQueryRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which standbys of this instance may answer: those not more than two seconds behind their owner,
 * for old privacy is a leak. What the owner has written is read off its changelog: the newest
 * timestamp there, against the time that the copy has taken in (stored each second, so that it errs
 * on the safe side). That holds while the owner lives and after it died; a copy that could not be
 * compared for two seconds does not answer.
 */
public final class StandbyFreshness implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StandbyFreshness.class);
  private static final Duration INTERVAL = Duration.ofMillis(500);
  private static final long LIMIT_MILLIS = 2_000;

  private final KafkaStreams streams;
  private final Admin admin;
  private final String applicationId;
  private final Map<String, String> stores;
  private final Map<Copy, Long> freshAt = new ConcurrentHashMap<>();
  private final ScheduledExecutorService executor;

  private record Copy(String store, int partition) {}

  /**
   * Starts to compare.
   *
   * @param applicationId which names the changelogs
   * @param stores the stores to compare, each with the topic that feeds it
   */
  public StandbyFreshness(
      KafkaStreams streams, Admin admin, String applicationId, Map<String, String> stores) {
    this.streams = streams;
    this.admin = admin;
    this.applicationId = applicationId;
    this.stores = Map.copyOf(stores);
    this.executor =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("standby-freshness").factory());
    Future<?> unused =
        executor.scheduleWithFixedDelay(
            this::compareAll, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether this instance's copy of the partition of a store may answer. */
  boolean isFresh(String store, int partition) {
    Long at = freshAt.get(new Copy(store, partition));
    return at != null && System.nanoTime() - at <= TimeUnit.MILLISECONDS.toNanos(LIMIT_MILLIS);
  }

  private void compareAll() {
    stores.forEach(this::compare);
  }

  private void compare(String store, String topic) {
    try {
      String changelog = applicationId + "-" + store + "-changelog";
      Set<Integer> standbys =
          streams.metadataForLocalThreads().stream()
              .flatMap(thread -> thread.standbyTasks().stream())
              .flatMap(task -> task.topicPartitions().stream())
              .filter(partition -> partition.topic().equals(topic))
              .map(TopicPartition::partition)
              .collect(Collectors.toSet());
      freshAt
          .keySet()
          .removeIf(copy -> copy.store().equals(store) && !standbys.contains(copy.partition()));
      if (standbys.isEmpty()) {
        return;
      }
      long asked = System.nanoTime();
      Map<TopicPartition, OffsetSpec> newest = new HashMap<>();
      for (int partition : standbys) {
        newest.put(new TopicPartition(changelog, partition), OffsetSpec.maxTimestamp());
      }
      Map<TopicPartition, ListOffsetsResultInfo> written =
          admin.listOffsets(newest).all().get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
      Map<Integer, QueryResult<Long>> taken =
          streams
              .query(
                  StateQueryRequest.inStore(store)
                      .withQuery(new TimestampQuery())
                      .withPartitions(standbys))
              .getPartitionResults();
      for (int partition : standbys) {
        ListOffsetsResultInfo owner = written.get(new TopicPartition(changelog, partition));
        QueryResult<Long> copy = taken.get(partition);
        if (owner != null
            && copy != null
            && copy.isSuccess()
            && owner.timestamp() - copy.getResult() <= LIMIT_MILLIS) {
          freshAt.put(new Copy(store, partition), asked);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      LOG.debug("standbys could not be compared with their owners", e);
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
