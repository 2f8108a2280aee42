package io.presence.gateway.live;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a topic, all of it or some partitions, from the end on, or a little before, and gives what
 * it reads to those who watch. When it cannot go on where it was, or is too far behind for it to
 * make sense, it begins at the end again and says that there was a gap.
 */
public final class ChangeFeed implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeFeed.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final long MAX_LAG = 200_000;
  private static final long MAX_RECENT = 10_000;
  private static final int POLLS_PER_LAG_CHECK = 32;

  /** To whom it is given, on the thread of the feed. */
  public interface Receiver {
    /** Takes what one poll brought; it may be nothing. */
    void take(ConsumerRecords<byte[], byte[]> records);

    /** Something was not read. */
    void gap();
  }

  /** Which partitions are read. */
  @FunctionalInterface
  public interface Partitions {
    List<TopicPartition> of(Consumer<byte[], byte[]> consumer);

    /** All of a topic. */
    static Partitions ofTopic(String topic) {
      return consumer ->
          consumer.partitionsFor(topic).stream()
              .map(partition -> new TopicPartition(topic, partition.partition()))
              .toList();
    }
  }

  private final Supplier<Consumer<byte[], byte[]>> consumers;
  private final Partitions partitions;
  private final Receiver receiver;
  private final Duration recent;
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;
  private volatile @Nullable Consumer<byte[], byte[]> current;
  private volatile long lag;

  /**
   * Begins to read.
   *
   * @param consumers new ones, {@code read_committed} and in no group; each is closed here
   * @param name what its thread and its metrics are called after
   * @param recent what came so long before is read, too: the newest of it, if it is much
   */
  public ChangeFeed(
      Supplier<Consumer<byte[], byte[]>> consumers,
      Partitions partitions,
      Receiver receiver,
      String name,
      Duration recent,
      MeterRegistry registry) {
    this.consumers = consumers;
    this.partitions = partitions;
    this.receiver = receiver;
    this.recent = recent;
    Gauge.builder("presence.live." + name + ".lag", () -> lag)
        .description("records that the feed has not read yet")
        .register(registry);
    this.thread = Thread.ofPlatform().name("live-" + name).daemon().start(this::run);
  }

  /** Whether it reads: since then, no change is missed without a word. */
  public boolean begun() {
    return begun.getCount() == 0 && thread.isAlive();
  }

  @Override
  public void close() {
    closing.countDown();
    Consumer<byte[], byte[]> reading = current;
    if (reading != null) {
      // Not an interrupt: that would keep it from closing in good order, too.
      reading.wakeup();
    }
    try {
      thread.join(Duration.ofSeconds(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!closed()) {
      try (Consumer<byte[], byte[]> consumer = consumers.get()) {
        current = consumer;
        if (closed()) {
          return;
        }
        List<TopicPartition> all = partitions.of(consumer);
        consumer.assign(all);
        if (recent.isZero()) {
          consumer.seekToEnd(all);
        } else {
          seekToRecent(consumer, all);
        }
        // Only this makes it ask where the end is.
        all.forEach(consumer::position);
        boolean again = begun.getCount() == 0;
        begun.countDown();
        if (again) {
          receiver.gap();
        }
        read(consumer, all);
      } catch (WakeupException e) {
        LOG.debug("woken up", e);
      } catch (KafkaException | IllegalStateException e) {
        if (!closed()) {
          LOG.warn("the feed of changes begins anew: {}", e.toString());
          pause();
        }
      }
    }
  }

  /** Reads until there is no sense in going on. */
  private void read(Consumer<byte[], byte[]> consumer, List<TopicPartition> all) {
    for (int polls = 1; !closed(); polls++) {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
      receiver.take(records);
      if (polls % POLLS_PER_LAG_CHECK == 0 || records.isEmpty()) {
        lag = lag(consumer, all);
        if (lag > MAX_LAG) {
          LOG.warn("the feed is {} changes behind, and skips them", lag);
          return;
        }
      }
    }
  }

  /** Says that a record is not what it should be. */
  static void warn(ConsumerRecord<byte[], byte[]> record, IOException fault) {
    LOG.warn(
        "not taken: {}-{} at {}: {}",
        record.topic(),
        record.partition(),
        record.offset(),
        fault.getMessage());
  }

  private void seekToRecent(Consumer<byte[], byte[]> consumer, List<TopicPartition> all) {
    long since = System.currentTimeMillis() - recent.toMillis();
    Map<TopicPartition, Long> ends = consumer.endOffsets(all);
    var starts =
        consumer.offsetsForTimes(
            all.stream().collect(Collectors.toMap(Function.identity(), p -> since)));
    for (TopicPartition partition : all) {
      long end = ends.getOrDefault(partition, 0L);
      OffsetAndTimestamp start = starts.get(partition);
      consumer.seek(partition, start == null ? end : Math.max(start.offset(), end - MAX_RECENT));
    }
  }

  private static long lag(Consumer<byte[], byte[]> consumer, List<TopicPartition> all) {
    long lag = 0;
    for (TopicPartition partition : all) {
      OptionalLong behind = consumer.currentLag(partition);
      lag += behind.orElse(0);
    }
    return lag;
  }

  private boolean closed() {
    return closing.getCount() == 0;
  }

  private void pause() {
    try {
      var unused = closing.await(RETRY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
