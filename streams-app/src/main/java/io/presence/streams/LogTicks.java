package io.presence.streams;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEventCodec;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ticks through a producer of their own. It never blocks the stream thread: while the brokers are
 * away, ticks are dropped, for a time that has passed need not be told twice.
 */
final class LogTicks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LogTicks.class);
  private static final byte[] TICK = PresenceEventCodec.write(new PresenceEvent.Tick());

  private final KafkaProducer<byte[], byte[]> producer;

  LogTicks(Map<String, Object> clients) {
    Map<String, Object> config = new HashMap<>(clients);
    config.put(ProducerConfig.CLIENT_ID_CONFIG, "presence-ticks");
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 0);
    config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 5_000);
    config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
    config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 1024L * 1024);
    this.producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Ticks of one event topic; a tick is the same in all of them. */
  Ticks of(String topic) {
    return partition -> append(topic, partition);
  }

  private void append(String topic, int partition) {
    try {
      Future<RecordMetadata> unused =
          producer.send(
              new ProducerRecord<>(topic, partition, null, TICK),
              (metadata, failure) -> {
                if (failure != null) {
                  LOG.debug("a tick was dropped", failure);
                }
              });
    } catch (RuntimeException e) {
      LOG.debug("a tick was dropped", e);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(2));
  }
}
