package io.presence.schemas.delivery;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.nio.charset.StandardCharsets;

/** What an inbox holds beside changes: something for one gateway, by its name. */
public sealed interface Notice {
  /** For whom it is. */
  String gateway();

  /**
   * The answer to an interest: every change of the user after that version will be told.
   *
   * @param version of the user's latest change; 0 if there was none
   */
  record Heard(String gateway, String userId, long version) implements Notice {}

  /**
   * What became of a lease.
   *
   * @param partition of {@code presence-events}
   * @param held false: what the gateway was interested in there is not known, or not for certain,
   *     and it must begin anew under another name
   */
  record Lease(String gateway, int partition, boolean held) implements Notice {}

  /** Writes it as JSON. Ids need no escaping: their characters are plain. */
  default byte[] write() {
    String fields =
        switch (this) {
          case Heard heard ->
              "\",\"user_id\":\"" + heard.userId() + "\",\"version\":" + heard.version();
          case Lease lease -> "\",\"partition\":" + lease.partition() + ",\"held\":" + lease.held();
        };
    return ("{\"gateway\":\"" + gateway() + fields + '}').getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reads one.
   *
   * @throws InvalidJsonException if it is none
   */
  static Notice read(byte[] value) throws InvalidJsonException {
    JsonNode object = Json.readObject(value);
    Fields fields = new Fields(object);
    String gateway = fields.id("gateway");
    return object.has("held")
        ? new Lease(
            gateway,
            (int) Math.min(fields.count("partition"), Integer.MAX_VALUE),
            fields.bool("held"))
        : new Heard(gateway, fields.id("user_id"), fields.count("version"));
  }
}
