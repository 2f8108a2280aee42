package io.presence.schemas.presence;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import java.io.IOException;
import java.util.Objects;

/**
 * A value of {@code presence-state}: the latest presence of a user, and beside its fields who may
 * see it.
 */
@JsonDeserialize(using = PresenceState.Deserializer.class)
public record PresenceState(
    @JsonUnwrapped Presence presence, @JsonProperty("visibility") Visibility visibility) {
  public PresenceState {
    Objects.requireNonNull(presence, "presence");
    Objects.requireNonNull(visibility, "visibility");
  }

  /**
   * Jackson's own takes a field {@code presence}, too, instead of ignoring what it does not know.
   */
  static final class Deserializer extends StdDeserializer<PresenceState> {
    private static final long serialVersionUID = 1;

    Deserializer() {
      super(PresenceState.class);
    }

    @Override
    public PresenceState deserialize(JsonParser in, DeserializationContext context)
        throws IOException {
      JsonNode object = context.readTree(in);
      JsonNode visibility = object.get("visibility");
      if (!object.isObject() || visibility == null || visibility.isNull()) {
        return context.reportInputMismatch(this, "expected an object with a visibility");
      }
      return new PresenceState(
          context.readTreeAsValue(object, Presence.class),
          context.readTreeAsValue(visibility, Visibility.class));
    }
  }
}
