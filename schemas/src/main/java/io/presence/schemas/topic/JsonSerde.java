package io.presence.schemas.topic;

import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import io.presence.schemas.event.ChannelEvent;
import io.presence.schemas.event.ChannelEventCodec;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.util.function.Function;
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
    return of(PresenceEventCodec::write, PresenceEventCodec::read);
  }

  /** The serde of {@code channel-events}. */
  static Serde<ChannelEvent> ofChannelEvents() {
    return of(ChannelEventCodec::write, ChannelEventCodec::read);
  }

  private interface Reader<T> {
    T read(byte[] value) throws InvalidJsonException;
  }

  private static <T> Serde<T> of(Function<T, byte[]> writer, Reader<T> reader) {
    Serializer<T> serializer = (topic, event) -> event == null ? null : writer.apply(event);
    Deserializer<T> deserializer =
        (topic, bytes) -> {
          try {
            return bytes == null ? null : reader.read(bytes);
          } catch (InvalidJsonException e) {
            throw new SerializationException("cannot read a value of " + topic, e);
          }
        };
    return Serdes.serdeFrom(serializer, deserializer);
  }
}
