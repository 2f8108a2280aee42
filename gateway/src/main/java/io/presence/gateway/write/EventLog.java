package io.presence.gateway.write;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/** {@code presence-events}, for appending. */
public final class EventLog {
  /** Room in a record of the broker's for all that is no value. */
  private static final int OVERHEAD = 1024;

  private final Producer<byte[], byte[]> producer;
  private final String topic;
  private final int partitions;
  private final int maxBytes;

  /**
   * @param producer idempotent, waiting for all replicas; who made it closes it
   * @param maxRecordBytes the largest record that the broker takes
   */
  public EventLog(
      Producer<byte[], byte[]> producer, String topic, int partitions, int maxRecordBytes) {
    this.producer = producer;
    this.topic = topic;
    this.partitions = partitions;
    this.maxBytes = maxRecordBytes - OVERHEAD;
  }

  /** How many partitions there are. */
  public int partitions() {
    return partitions;
  }

  /**
   * Appends an event under the key of its user. Events of one user are in the order of the calls.
   * It waits, for a second or two at most, where the producer's buffer is full or the topic's
   * leaders are not known.
   *
   * @return done when the event is on its replicas; fails with {@link LogUnavailableException}, or
   *     {@link EventTooLargeException}
   */
  public CompletableFuture<Void> append(String userId, byte[] value) {
    return append(
        new ProducerRecord<>(topic, userId.getBytes(StandardCharsets.UTF_8), value), userId);
  }

  /** Appends an event without a key to a partition; as {@link #append(String, byte[])} does. */
  public CompletableFuture<Void> append(int partition, byte[] value) {
    return append(new ProducerRecord<>(topic, partition, null, value), null);
  }

  private CompletableFuture<Void> append(
      ProducerRecord<byte[], byte[]> event, @Nullable String userId) {
    CompletableFuture<Void> acknowledged = new CompletableFuture<>();
    int size = event.value().length + (userId == null ? 0 : userId.length());
    if (size > maxBytes) {
      acknowledged.completeExceptionally(new EventTooLargeException(size, maxBytes));
      return acknowledged;
    }
    try {
      var unused =
          producer.send(
              event,
              (metadata, failure) -> {
                if (failure == null) {
                  acknowledged.complete(null);
                } else {
                  acknowledged.completeExceptionally(translate(failure, size));
                }
              });
    } catch (KafkaException | IllegalStateException e) {
      acknowledged.completeExceptionally(translate(e, size));
    }
    return acknowledged;
  }

  private Exception translate(Exception failure, int size) {
    return failure instanceof RecordTooLargeException
        ? new EventTooLargeException(size, maxBytes)
        : new LogUnavailableException(failure);
  }
}
