package io.presence.schemas.topic;

import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.io.IOException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** Serdes for the values of the topics. A null stays a null; what cannot be read throws. */
final class JsonSerde {
  private JsonSerde() {}

  /** A serde for a record that Jackson reads and writes. */
  static <T> Serde<T> of(Class<T> type) {
    ObjectWriter writer = Json.MAPPER.writerFor(type);
    ObjectReader reader = Json.MAPPER.readerFor(type);
    return Serdes.serdeFrom(
        (topic, value) -> {
          try {
            return value == null ? null : writer.writeValueAsBytes(value);
          } catch (IOException e) {
            throw new SerializationException("cannot write a value for " + topic, e);
          }
        },
        (topic, bytes) -> {
          try {
            return bytes == null ? null : reader.readValue(bytes);
          } catch (IOException | NumberFormatException e) {
            throw new SerializationException("cannot read a value of " + topic, e);
          }
        });
  }

  /** The serde of {@code presence-events}. */
  static Serde<PresenceEvent> ofEvents() {
    Serializer<PresenceEvent> serializer =
        (topic, event) -> event == null ? null : PresenceEventCodec.write(event);
    Deserializer<PresenceEvent> deserializer =
        (topic, bytes) -> {
          try {
            return bytes == null ? null : PresenceEventCodec.read(bytes);
          } catch (InvalidJsonException e) {
            throw new SerializationException("cannot read a value of " + topic, e);
          }
        };
    return Serdes.serdeFrom(serializer, deserializer);
  }
}
