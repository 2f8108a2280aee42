package io.presence.gateway.write;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.Metadata;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Patch;
import org.jspecify.annotations.Nullable;

/** What callers say of members of channels, in objects that have more beside it. */
public final class MemberFields {
  private MemberFields() {}

  /**
   * The field {@code metadata}: an object; null clears.
   *
   * @throws InvalidJsonException if it is something else, or too large
   */
  public static Patch<JsonNode> metadata(JsonNode object) throws InvalidJsonException {
    JsonNode metadata = object.get("metadata");
    if (metadata == null) {
      return Patch.keep();
    }
    return metadata.isNull() ? Patch.clear() : Patch.set(Metadata.check("metadata", metadata));
  }

  /**
   * The field {@code cursor}, any value; null if it is absent.
   *
   * @throws InvalidJsonException if it is too large
   */
  public static @Nullable JsonNode cursor(JsonNode object) throws InvalidJsonException {
    JsonNode cursor = object.get("cursor");
    return cursor == null ? null : Metadata.checkCursor("cursor", cursor);
  }
}
