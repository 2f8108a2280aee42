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
 * presence-state}, {@code presence-changes}. Its {@code last_seen} can be put in anew without
 * rendering the rest.
 */
public final class PresenceJson {
  private static final JsonFactory FACTORY = Json.MAPPER.getFactory();
  private static final byte[] NULL = ascii("null");
  private static final byte[] LAST_SEEN = ascii("\"last_seen\":");

  private final byte[] bytes;
  private final int lastSeenStart;
  private final int lastSeenEnd;

  private PresenceJson(byte[] bytes) {
    this.bytes = bytes;
    this.lastSeenStart = indexOf(bytes, LAST_SEEN) + LAST_SEEN.length;
    int end = lastSeenStart;
    while (bytes[end] != ',') {
      end++;
    }
    this.lastSeenEnd = end;
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

  /** Takes what was rendered by {@link #of}. */
  static PresenceJson rendered(byte[] bytes) {
    return new PresenceJson(bytes);
  }

  /** The JSON in UTF-8. Not to be changed. */
  public byte[] bytes() {
    return bytes;
  }

  /** The JSON in UTF-8 with another {@code last_seen}. */
  public byte[] withLastSeen(long millis) {
    byte[] time = ascii(EpochSeconds.format(millis));
    byte[] copy = new byte[bytes.length - (lastSeenEnd - lastSeenStart) + time.length];
    System.arraycopy(bytes, 0, copy, 0, lastSeenStart);
    System.arraycopy(time, 0, copy, lastSeenStart, time.length);
    System.arraycopy(
        bytes, lastSeenEnd, copy, lastSeenStart + time.length, bytes.length - lastSeenEnd);
    return copy;
  }

  /** The {@code last_seen} that was rendered, in milliseconds; null if never seen. */
  @Nullable Long lastSeen() {
    String text =
        new String(bytes, lastSeenStart, lastSeenEnd - lastSeenStart, StandardCharsets.US_ASCII);
    return text.equals("null") ? null : EpochSeconds.parse(text);
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

  private static int indexOf(byte[] bytes, byte[] pattern) {
    int last = bytes.length - pattern.length;
    for (int i = 0; i <= last; i++) {
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
