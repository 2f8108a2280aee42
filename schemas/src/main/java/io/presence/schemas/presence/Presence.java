package io.presence.schemas.presence;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A user's presence as one who may see it does.
 *
 * @param lastSeen milliseconds since the epoch; null if never seen
 * @param device the device last opened or last become online
 * @param since when the shown status began, in milliseconds since the epoch
 * @param version orders the presences of one user; it does not count
 * @param devices each device with the status shown for it, in the order of their names; empty when
 *     offline
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Presence(
    @JsonProperty("user_id") String userId,
    @JsonProperty("status") Status status,
    @JsonProperty("last_seen")
        @JsonSerialize(using = EpochSeconds.Serializer.class)
        @JsonDeserialize(using = EpochSeconds.Deserializer.class)
        @Nullable Long lastSeen,
    @JsonProperty("device") @Nullable String device,
    @JsonProperty("custom_status") @Nullable String customStatus,
    @JsonProperty("activity") @Nullable String activity,
    @JsonProperty("since")
        @JsonSerialize(using = EpochSeconds.Serializer.class)
        @JsonDeserialize(using = EpochSeconds.Deserializer.class)
        Long since,
    @JsonProperty("version") long version,
    @JsonProperty("devices") Map<String, Status> devices) {
  public Presence {
    Objects.requireNonNull(userId, "user_id");
    Objects.requireNonNull(status, "status");
    Objects.requireNonNull(since, "since");
    devices.forEach((label, shown) -> Objects.requireNonNull(shown, "devices"));
  }
}
