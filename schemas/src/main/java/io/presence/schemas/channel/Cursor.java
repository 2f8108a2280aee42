package io.presence.schemas.channel;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;

/**
 * A value of {@code channel-cursors}: where a member is.
 *
 * @param cursor any JSON value; a JSON null is one as well
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Cursor(
    @JsonProperty("channel_id") String channelId,
    @JsonProperty("user_id") String userId,
    @JsonProperty("cursor") JsonNode cursor) {
  public Cursor {
    Objects.requireNonNull(channelId, "channel_id");
    Objects.requireNonNull(userId, "user_id");
    Objects.requireNonNull(cursor, "cursor");
  }
}
