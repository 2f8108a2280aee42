package io.presence.streams.store;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.EpochSeconds;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A presence as JSON, rendered once and joined into everything that carries it: lookups, {@code
 * presence-state}, {@code presence-changes}.
 */
public final class PresenceJson {
  private static final JsonFactory FACTORY = Json.MAPPER.getFactory();
  private static final byte[] NULL = ascii("null");
  private static final byte[] LAST_SEEN = ascii("\"last_seen\":");

  private final byte[] bytes;

  private PresenceJson(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Renders a presence. */
  public static PresenceJson of(Presence presence) {
    ByteArrayBuilder out = new ByteArrayBuilder(256);
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("user_id", presence.userId());
      json.writeStringField("status", presence.status().word());
      writeTime(json, "last_seen", presence.lastSeen());
      json.writeStringField("device", presence.device());
      json.writeStringField("custom_status", presence.customStatus());
      json.writeStringField("activity", presence.activity());
      writeTime(json, "since", presence.since());
      json.writeNumberField("version", presence.version());
      json.writeObjectFieldStart("devices");
      for (Map.Entry<String, Status> device : presence.devices().entrySet()) {
        json.writeStringField(device.getKey(), device.getValue().word());
      }
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new PresenceJson(out.toByteArray());
  }

  /** The JSON in UTF-8. Not to be changed. */
  public byte[] bytes() {
    return bytes;
  }

  /** A value of {@code presence-state}. */
  public byte[] state(Visibility visibility) {
    byte[] tail = ascii(",\"visibility\":\"" + visibility.word() + "\"}");
    byte[] value = new byte[bytes.length - 1 + tail.length];
    System.arraycopy(bytes, 0, value, 0, bytes.length - 1);
    System.arraycopy(tail, 0, value, bytes.length - 1, tail.length);
    return value;
  }

  /**
   * A value of {@code presence-changes}. Ids need no escaping: their characters are plain.
   *
   * @param presence the presence of the change, rendered; null if the user was erased
   */
  public static byte[] change(PresenceChange change, @Nullable PresenceJson presence) {
    ByteArrayBuilder out = new ByteArrayBuilder(512);
    out.write(
        ascii(
            "{\"user_id\":\""
                + change.userId()
                + "\",\"version\":"
                + change.version()
                + ",\"at\":"
                + EpochSeconds.format(change.at())
                + ",\"reason\":\""
                + change.reason().word()
                + "\",\"from\":\""
                + change.from().word()
                + "\",\"to\":\""
                + change.to().word()
                + "\",\"presence\":"));
    out.write(presence == null ? NULL : presence.bytes);
    out.write(
        ascii(
            ",\"visibility\":\""
                + change.visibility().word()
                + (change.contact() == null
                    ? "\"}"
                    : "\",\"contact\":\"" + change.contact() + "\"}")));
    return out.toByteArray();
  }

  private static void writeTime(JsonGenerator json, String field, @Nullable Long millis)
      throws IOException {
    json.writeFieldName(field);
    if (millis == null) {
      json.writeNull();
    } else {
      json.writeNumber(EpochSeconds.format(millis));
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Where the value of {@code last_seen} begins in bytes that have a presence in them. */
  static int lastSeenStart(byte[] bytes, int from) {
    return indexOf(bytes, from, LAST_SEEN) + LAST_SEEN.length;
  }

  /** Where that value, which begins at {@code start}, ends. */
  static int lastSeenEnd(byte[] bytes, int start) {
    int end = start;
    while (bytes[end] != ',') {
      end++;
    }
    return end;
  }

  private static int indexOf(byte[] bytes, int from, byte[] pattern) {
    int last = bytes.length - pattern.length;
    for (int i = from; i <= last; i++) {
      int j = 0;
      while (j < pattern.length && bytes[i + j] == pattern[j]) {
        j++;
      }
      if (j == pattern.length) {
        return i;
      }
    }
    throw new IllegalArgumentException("no presence: it has no last_seen");
  }
}
