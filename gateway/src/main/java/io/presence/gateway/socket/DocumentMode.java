package io.presence.gateway.socket;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.schemas.json.Json;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What someone does in a document. */
enum DocumentMode {
  VIEWING,
  EDITING;

  /** The metadata of a member that does this, and is otherwise as it was. */
  JsonNode in(@Nullable JsonNode metadata) {
    ObjectNode with =
        metadata instanceof ObjectNode known ? known.deepCopy() : Json.MAPPER.createObjectNode();
    return with.put("mode", name().toLowerCase(Locale.ROOT));
  }
}
