package io.presence.streams;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ticks through a producer of their own. It never blocks the stream thread. Of each partition one
 * tick is under way at a time: a log that acknowledges nothing takes no heartbeats either, and
 * there time must not pass in small steps, which nobody would know for an outage. What is asked for
 * meanwhile is one more tick, when that one is acknowledged; one that was not is dropped, for a
 * time that has passed need not be told twice.
 */
final class LogTicks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LogTicks.class);
  private static final Duration SHORTEST_TIMEOUT = Duration.ofSeconds(6);

  /** A producer that has just started drops some. */
  private static final Duration TOLD_AFTER = Duration.ofSeconds(5);

  /** What there is of the ticks of one partition. */
  private enum Course {
    UNDER_WAY,
    /** And another one is wanted after it. */
    AND_ONE_MORE
  }

  private final Producer<byte[], byte[]> producer;
  private final Map<TopicPartition, Course> courses = new ConcurrentHashMap<>();

  /** Since when all ticks of a partition were dropped, by {@link System#nanoTime}. */
  private final Map<TopicPartition, Long> refusedSince = new ConcurrentHashMap<>();

  /** Of which it was said. */
  private final Set<TopicPartition> told = ConcurrentHashMap.newKeySet();

  /**
   * @param stallThreshold a tick that is not acknowledged is given up later than that: whoever
   *     reads on knows the gap
   */
  LogTicks(Map<String, Object> clients, Duration stallThreshold) {
    this(
        new KafkaProducer<>(
            config(clients, stallThreshold), new ByteArraySerializer(), new ByteArraySerializer()));
  }

  /**
   * @param producer is closed with this
   */
  LogTicks(Producer<byte[], byte[]> producer) {
    this.producer = producer;
  }

  private static Map<String, Object> config(Map<String, Object> clients, Duration stallThreshold) {
    long longer = stallThreshold.plusSeconds(1).toMillis();
    int timeout = (int) Math.max(SHORTEST_TIMEOUT.toMillis(), longer);
    Map<String, Object> config = new HashMap<>(clients);
    config.put(ProducerConfig.CLIENT_ID_CONFIG, "presence-ticks");
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 0);
    config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, timeout);
    config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, timeout);
    config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 1024L * 1024);
    return config;
  }

  /** Ticks of one event topic; a tick is the same in all of them. */
  Ticks of(String topic) {
    return partition -> append(new TopicPartition(topic, partition));
  }

  private void append(TopicPartition partition) {
    Course course =
        courses.merge(partition, Course.UNDER_WAY, (before, now) -> Course.AND_ONE_MORE);
    if (course == Course.UNDER_WAY) {
      send(partition);
    }
  }

  private void send(TopicPartition partition) {
    try {
      Future<RecordMetadata> unused =
          producer.send(
              new ProducerRecord<>(partition.topic(), partition.partition(), null, Ticks.TICK),
              (metadata, failure) -> {
                if (failure != null) {
                  dropped(partition, failure);
                } else {
                  taken(partition);
                }
              });
    } catch (RuntimeException e) {
      dropped(partition, e);
    }
  }

  private void taken(TopicPartition partition) {
    refusedSince.remove(partition);
    if (told.remove(partition)) {
      LOG.info("{} takes ticks again", partition);
    }
    if (courses.remove(partition) == Course.AND_ONE_MORE) {
      append(partition);
    }
  }

  /** The next one that is asked for is tried again. */
  private void dropped(TopicPartition partition, Exception failure) {
    courses.remove(partition);
    LOG.debug("a tick of {} was dropped", partition, failure);
    long now = System.nanoTime();
    long since = refusedSince.merge(partition, now, (before, unused) -> before);
    if (now - since > TOLD_AFTER.toNanos() && told.add(partition)) {
      LOG.warn("{} takes no ticks: nobody goes offline there", partition, failure);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(2));
  }
}
