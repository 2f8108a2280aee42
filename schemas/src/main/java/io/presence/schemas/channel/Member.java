package io.presence.schemas.channel;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import io.presence.schemas.presence.EpochSeconds;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A user in a channel, as others see it.
 *
 * @param joinedAt since when, in milliseconds since the epoch
 * @param lastSeen milliseconds since the epoch; null where it may not be seen
 * @param metadata a JSON object; null if there is none
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Member(
    @JsonProperty("user_id") String userId,
    @JsonProperty("joined_at")
        @JsonSerialize(using = EpochSeconds.Serializer.class)
        @JsonDeserialize(using = EpochSeconds.Deserializer.class)
        Long joinedAt,
    @JsonProperty("last_seen")
        @JsonSerialize(using = EpochSeconds.Serializer.class)
        @JsonDeserialize(using = EpochSeconds.Deserializer.class)
        @Nullable Long lastSeen,
    @JsonProperty("metadata") @Nullable JsonNode metadata) {
  public Member {
    Objects.requireNonNull(userId, "user_id");
    Objects.requireNonNull(joinedAt, "joined_at");
    metadata = metadata == null || metadata.isNull() ? null : metadata;
    if (metadata != null && !metadata.isObject()) {
      throw new IllegalArgumentException("metadata: expected an object or null");
    }
  }
}
