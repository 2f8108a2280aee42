package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.EpochSeconds;
import io.presence.schemas.presence.Status;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that the gateway says: encoded once, for all who get it.
 *
 * @param type the word in its field {@code type}
 * @param json the whole message in UTF-8; not to be changed
 */
public record Message(String type, byte[] json) {
  static final Message RESYNC = new Message("resync", "{\"type\":\"resync\"}".getBytes(UTF_8));

  private static final byte[] UPDATE = ascii("{\"type\":\"presence_update\",\"presence\":");
  private static final byte[] INITIAL = ascii("{\"type\":\"initial_presence\",\"presences\":{");
  private static final byte[] UNAVAILABLE = ascii("},\"unavailable\":[");

  /** A message of a few fields, to which {@code object} has all but the type. */
  public static Message of(String type, ObjectNode object) {
    ObjectNode typed = Json.MAPPER.createObjectNode().put("type", type);
    typed.setAll(object);
    return new Message(type, typed.toString().getBytes(UTF_8));
  }

  /** The presence of someone, as JSON. */
  static Message update(byte[] presence) {
    byte[] json = new byte[UPDATE.length + presence.length + 1];
    System.arraycopy(UPDATE, 0, json, 0, UPDATE.length);
    System.arraycopy(presence, 0, json, UPDATE.length, presence.length);
    json[json.length - 1] = '}';
    return new Message("presence_update", json);
  }

  /**
   * The last that is told of someone who is no longer to be seen: offline, and nothing more than
   * when they were last seen.
   *
   * @param lastSeen in milliseconds; null if it is not known
   * @param since in milliseconds
   */
  static Message hidden(
      String userId, @Nullable Long lastSeen, @Nullable String device, long since, long version) {
    ObjectNode presence = Json.MAPPER.createObjectNode();
    presence.put("user_id", userId).put("status", Status.OFFLINE.word());
    presence.put("last_seen", lastSeen == null ? null : seconds(lastSeen));
    presence.put("device", device).putNull("custom_status").putNull("activity");
    presence.put("since", seconds(since)).put("version", version).putObject("devices");
    return update(presence.toString().getBytes(UTF_8));
  }

  /** A snapshot; the presences are JSON as they came. */
  static Message initial(Map<String, byte[]> presences, Collection<String> unavailable) {
    int size = INITIAL.length + UNAVAILABLE.length + 2;
    for (Map.Entry<String, byte[]> entry : presences.entrySet()) {
      size += entry.getKey().length() + entry.getValue().length + 4;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(size + unavailable.size() * 32);
    out.writeBytes(INITIAL);
    boolean first = true;
    for (Map.Entry<String, byte[]> entry : presences.entrySet()) {
      writeId(out, entry.getKey(), first);
      out.write(':');
      out.writeBytes(entry.getValue());
      first = false;
    }
    if (unavailable.isEmpty()) {
      out.write('}');
    } else {
      out.writeBytes(UNAVAILABLE);
      first = true;
      for (String id : unavailable) {
        writeId(out, id, first);
        first = false;
      }
      out.write(']');
    }
    out.write('}');
    return new Message("initial_presence", out.toByteArray());
  }

  /** A time in milliseconds as it stands in JSON. */
  public static BigDecimal seconds(long millis) {
    return new BigDecimal(EpochSeconds.format(millis));
  }

  private static void writeId(ByteArrayOutputStream out, String id, boolean first) {
    if (!first) {
      out.write(',');
    }
    out.write('"');
    out.writeBytes(ascii(id));
    out.write('"');
  }

  private static byte[] ascii(String text) {
    return text.getBytes(UTF_8);
  }
}
