package io.presence.gateway.write;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.schemas.json.Json;
import java.util.List;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.internals.RecordHeader;

/** {@code channel-cursors}, for appending. */
public final class CursorLog {
  /** The header that names the session which moved the cursor. */
  public static final String SESSION_HEADER = "session_id";

  private final Producer<byte[], byte[]> producer;
  private final String topic;

  /**
   * @param producer one that never repeats a record by itself, for an older cursor must not come
   *     after a newer; who made it closes it
   */
  public CursorLog(Producer<byte[], byte[]> producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  /**
   * Appends where a cursor is. It waits for next to nothing.
   *
   * @param failed called, on any thread, if Kafka did not take it
   */
  public void append(
      String channelId, String userId, String sessionId, JsonNode cursor, Runnable failed) {
    ObjectNode value = Json.MAPPER.createObjectNode();
    value.put("channel_id", channelId).put("user_id", userId).set("cursor", cursor);
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            topic,
            null,
            channelId.getBytes(UTF_8),
            value.toString().getBytes(UTF_8),
            List.of(new RecordHeader(SESSION_HEADER, sessionId.getBytes(UTF_8))));
    try {
      var unused =
          producer.send(
              record,
              (metadata, failure) -> {
                if (failure != null) {
                  failed.run();
                }
              });
    } catch (KafkaException | IllegalStateException e) {
      failed.run();
    }
  }
}
