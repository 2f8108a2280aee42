package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads {@code presence-changes}, all of it, from the end on, and gives each change to those who
 * watch its user. When it cannot go on where it was, or is too far behind for it to make sense, it
 * begins at the end again and says that there was a gap.
 */
public final class ChangeFeed implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeFeed.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final long MAX_LAG = 200_000;
  private static final int POLLS_PER_LAG_CHECK = 32;

  private final Supplier<Consumer<byte[], byte[]>> consumers;
  private final String topic;
  private final Fanout fanout;
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;
  private volatile @Nullable Consumer<byte[], byte[]> current;
  private volatile long lag;

  /**
   * Begins to read.
   *
   * @param consumers new ones, {@code read_committed} and in no group; each is closed here
   */
  public ChangeFeed(
      Supplier<Consumer<byte[], byte[]>> consumers,
      String topic,
      Fanout fanout,
      MeterRegistry registry) {
    this.consumers = consumers;
    this.topic = topic;
    this.fanout = fanout;
    Gauge.builder("presence.live.feed.lag", () -> lag)
        .description("changes that the feed has not read yet")
        .register(registry);
    this.thread = Thread.ofPlatform().name("change-feed").daemon().start(this::run);
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
        List<TopicPartition> all =
            consumer.partitionsFor(topic).stream()
                .map(partition -> new TopicPartition(topic, partition.partition()))
                .toList();
        consumer.assign(all);
        consumer.seekToEnd(all);
        // Only this makes it ask where the end is.
        all.forEach(consumer::position);
        boolean again = begun.getCount() == 0;
        begun.countDown();
        if (again) {
          fanout.resync(null);
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
  private void read(Consumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
    Map<String, List<Change>> changes = new LinkedHashMap<>();
    List<Subscriber> ready = new ArrayList<>();
    for (int polls = 1; !closed(); polls++) {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
      for (ConsumerRecord<byte[], byte[]> record : records) {
        take(record, changes);
      }
      changes.forEach((userId, ofUser) -> tell(userId, ofUser, ready));
      changes.clear();
      fanout.flush(ready);
      ready.clear();
      if (polls % POLLS_PER_LAG_CHECK == 0 || records.isEmpty()) {
        lag = lag(consumer, partitions);
        if (lag > MAX_LAG) {
          LOG.warn("the feed is {} changes behind, and skips them", lag);
          return;
        }
      }
    }
  }

  /** Puts a change beside the others of its user, if anyone watches. */
  private void take(ConsumerRecord<byte[], byte[]> record, Map<String, List<Change>> changes) {
    byte[] key = record.key();
    byte[] value = record.value();
    if (key == null || value == null) {
      return;
    }
    String userId = new String(key, UTF_8);
    if (fanout.audience(userId) == null) {
      return;
    }
    try {
      Change change = Change.read(value);
      changes.computeIfAbsent(userId, id -> new ArrayList<>(1)).add(change);
    } catch (IOException e) {
      LOG.warn(
          "no change: {}-{} at {}: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          e.getMessage());
    }
  }

  /** Once for all changes of a user: each who watches is looked at once. */
  private void tell(String userId, List<Change> changes, List<Subscriber> ready) {
    Audience audience = fanout.audience(userId);
    if (audience != null) {
      audience.tell(changes, ready);
    }
  }

  private static long lag(Consumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
    long lag = 0;
    for (TopicPartition partition : partitions) {
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
