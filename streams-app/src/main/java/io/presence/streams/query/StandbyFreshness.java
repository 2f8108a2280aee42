package io.presence.streams.query;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsMetadata;
import org.apache.kafka.streams.ThreadMetadata;
import org.apache.kafka.streams.processor.StandbyUpdateListener;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.apache.kafka.streams.processor.TaskId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a copy of a partition must have taken in so that it may answer: it must not be more than two
 * seconds behind its owner, for old privacy is a leak. What the owner has written is read off its
 * changelog: the newest timestamp there, and the time since it was asked for, in which there may
 * have come more, or what it was up to two seconds before. Where nothing comes any more, it is read
 * on from where the copy has got to, whether there is anything more: the newest may be the mark of
 * a transaction, or what one wrote that came to nothing. The copy knows the time that it has taken
 * in (stored each second, so that it errs on the safe side), and is held against it when it
 * answers, not before: for what is a good copy now may be emptied in the next moment. All that
 * holds while the owner lives and after it died; a copy that could not be compared for two seconds
 * does not answer. One that was the owner's less than two seconds ago needs no comparison.
 */
public final class StandbyFreshness implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StandbyFreshness.class);
  private static final Duration INTERVAL = Duration.ofMillis(250);
  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final Duration SOON = Duration.ofMillis(20);
  private static final int ASK_AGAIN = 4;

  private final KafkaStreams streams;
  private final Admin admin;
  private final Standstill standstill;
  private final String address;
  private final String applicationId;
  private final Map<String, String> stores;
  private final Writings writings = new Writings();
  private final TakenIn takenIn;
  private final Map<String, Object> clients;
  private final ScheduledExecutorService executor;

  /** Opened when it is needed, by the one thread that uses it. */
  private @Nullable ChangelogTails tails;

  /**
   * Starts to compare.
   *
   * @param clients how to reach the brokers
   * @param takenIn what the copies here have taken in; a listener of {@code streams}
   * @param standstill whether this instance may own less than it thinks
   * @param address at which gateways reach this instance
   * @param applicationId which names the changelogs
   * @param stores the stores to compare, each with the topic that feeds it
   */
  public StandbyFreshness(
      KafkaStreams streams,
      Map<String, Object> clients,
      TakenIn takenIn,
      Standstill standstill,
      String address,
      String applicationId,
      Map<String, String> stores) {
    this.streams = streams;
    this.admin = admin(clients);
    this.clients = clients;
    this.takenIn = takenIn;
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

  /** Asks anew, and another broker, before what it was told last is too old: brokers may hang. */
  private static Admin admin(Map<String, Object> clients) {
    Map<String, Object> config = new HashMap<>(clients);
    config.put(AdminClientConfig.CLIENT_ID_CONFIG, "presence-standby-freshness");
    config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis());
    config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) Writings.LIMIT_MILLIS);
    return Admin.create(config);
  }

  /**
   * What timestamp the newest record must have that a copy of the partition of a store has taken
   * in; {@link Long#MAX_VALUE} if no copy may answer.
   */
  long required(String store, int partition) {
    TopicPartition changelog = changelog(store, partition);
    return writings.required(changelog, takenIn.get(changelog), System.nanoTime());
  }

  private TopicPartition changelog(String store, int partition) {
    return new TopicPartition(applicationId + "-" + store + "-changelog", partition);
  }

  private void compareAll() {
    try {
      stores.forEach(this::compare);
      findEnds(writings.still(System.nanoTime()));
    } catch (RuntimeException e) {
      LOG.debug("standbys could not be compared with their owners", e);
    }
  }

  private void compare(String store, String topic) {
    Set<TopicPartition> copies =
        copies(topic).stream()
            .map(partition -> changelog(store, partition))
            .collect(Collectors.toSet());
    String name = changelog(store, 0).topic();
    writings.forget(known -> known.topic().equals(name) && !copies.contains(known));
    if (!copies.isEmpty()) {
      ask(copies, ASK_AGAIN);
    }
  }

  /**
   * @param again how often to ask again where nothing was said: while a record is on its way to the
   *     replicas, brokers do not tell of it, nor of the one before
   */
  private void ask(Set<TopicPartition> copies, int again) {
    long asked = System.nanoTime();
    Map<TopicPartition, OffsetSpec> newest = new HashMap<>();
    copies.forEach(copy -> newest.put(copy, OffsetSpec.maxTimestamp()));
    ListOffsetsResult offsets = admin.listOffsets(newest);
    // Partition by partition: where one has no leader, the others are compared all the same.
    for (TopicPartition copy : copies) {
      var unused =
          offsets
              .partitionResult(copy)
              .whenComplete(
                  (result, failure) -> {
                    if (failure != null) {
                      LOG.debug("{} could not be compared", copy, failure);
                    } else if (!writings.found(copy, result.timestamp(), asked, System.nanoTime())
                        && again > 0) {
                      askSoon(copy, again - 1);
                    }
                  });
    }
  }

  private void askSoon(TopicPartition copy, int again) {
    Future<?> unused =
        executor.schedule(() -> ask(Set.of(copy), again), SOON.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Reads on from where the copies have got to, where nothing comes any more: what the newest time
   * is of may be no record, but the mark of a transaction, which has a time, too, or what a
   * transaction wrote that came to nothing. The times say then that the copies are behind for good.
   *
   * @param still changelogs, with when it was asked that the brokers know of nothing newer
   */
  private void findEnds(Map<TopicPartition, Long> still) {
    Map<TopicPartition, Long> after = new HashMap<>();
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    for (TopicPartition changelog : still.keySet()) {
      Long offset = takenIn.get(changelog);
      if (offset != null) {
        after.put(changelog, offset);
        latest.put(changelog, OffsetSpec.latest());
      }
    }
    if (after.isEmpty()) {
      return;
    }
    try {
      Map<TopicPartition, Long> ends = new HashMap<>();
      admin
          .listOffsets(latest)
          .all()
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
          .forEach((changelog, end) -> ends.put(changelog, end.offset()));
      Set<TopicPartition> ended = tails().empty(after, ends);
      after.forEach(
          (changelog, offset) -> {
            Long asked = still.get(changelog);
            if (asked != null && ended.contains(changelog)) {
              writings.ended(changelog, offset, asked);
            }
          });
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      LOG.debug("the ends of {} could not be read", after.keySet(), e);
    }
  }

  private ChangelogTails tails() {
    ChangelogTails present = tails;
    if (present == null) {
      present = new ChangelogTails(clients);
      tails = present;
    }
    return present;
  }

  /** Keeps account of what copies take in: up to which offset. To be set before the start. */
  public static final class TakenIn implements StandbyUpdateListener, StateRestoreListener {
    private final Map<TopicPartition, Long> offsets = new ConcurrentHashMap<>();

    /** Up to which offset the copy has taken in all; null: it is not known, or no copy any more. */
    @Nullable Long get(TopicPartition changelog) {
      return offsets.get(changelog);
    }

    @Override
    public void onUpdateStart(TopicPartition changelog, String store, long startingOffset) {
      offsets.put(changelog, startingOffset - 1);
    }

    @Override
    public void onBatchLoaded(
        TopicPartition changelog,
        String store,
        TaskId taskId,
        long batchEndOffset,
        long batchSize,
        long currentEndOffset) {
      offsets.put(changelog, batchEndOffset);
    }

    @Override
    public void onUpdateSuspended(
        TopicPartition changelog,
        String store,
        long storeOffset,
        long currentEndOffset,
        SuspendReason reason) {
      if (reason == SuspendReason.MIGRATED) {
        offsets.remove(changelog);
      }
    }

    @Override
    public void onRestoreStart(
        TopicPartition changelog, String store, long startingOffset, long endingOffset) {
      offsets.put(changelog, startingOffset - 1);
    }

    @Override
    public void onBatchRestored(
        TopicPartition changelog, String store, long batchEndOffset, long numRestored) {
      offsets.put(changelog, batchEndOffset);
    }

    @Override
    public void onRestoreEnd(TopicPartition changelog, String store, long totalRestored) {
      // From now on its owner writes, and takes in nothing.
      offsets.remove(changelog);
    }

    @Override
    public void onRestoreSuspended(TopicPartition changelog, String store, long totalRestored) {
      offsets.remove(changelog);
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
    try {
      if (executor.awaitTermination(2, TimeUnit.SECONDS) && tails != null) {
        tails.close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    admin.close(Duration.ZERO);
  }
}
