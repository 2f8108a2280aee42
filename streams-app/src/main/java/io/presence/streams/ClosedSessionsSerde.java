package io.presence.streams;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectReader;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.ClosedSession;
import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** The closed sessions of one window: a list, for two sessions can have the same bounds. */
final class ClosedSessionsSerde {
  private ClosedSessionsSerde() {}

  static Serde<List<ClosedSession>> create() {
    ObjectReader reader = Json.MAPPER.readerFor(new TypeReference<List<ClosedSession>>() {});
    return Serdes.serdeFrom(
        (topic, sessions) -> {
          try {
            return sessions == null ? null : Json.MAPPER.writeValueAsBytes(sessions);
          } catch (IOException e) {
            throw new SerializationException("cannot write closed sessions", e);
          }
        },
        (topic, bytes) -> {
          try {
            return bytes == null ? null : reader.readValue(bytes);
          } catch (IOException e) {
            throw new SerializationException("cannot read closed sessions", e);
          }
        });
  }
}
