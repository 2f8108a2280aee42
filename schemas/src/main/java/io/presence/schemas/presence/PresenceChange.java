package io.presence.schemas.presence;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A value of {@code presence-changes}: what others may see of a user changed.
 *
 * @param at when, in milliseconds since the epoch
 * @param from the status shown before
 * @param to the status shown from now on
 * @param presence as one allowed to see it sees it; null when the user was erased
 * @param contact whom a contact change is about; absent on all others
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record PresenceChange(
    @JsonProperty("user_id") String userId,
    @JsonProperty("version") long version,
    @JsonProperty("at")
        @JsonSerialize(using = EpochSeconds.Serializer.class)
        @JsonDeserialize(using = EpochSeconds.Deserializer.class)
        Long at,
    @JsonProperty("reason") Reason reason,
    @JsonProperty("from") Status from,
    @JsonProperty("to") Status to,
    @JsonProperty("presence") @Nullable Presence presence,
    @JsonProperty("visibility") Visibility visibility,
    @JsonProperty("contact") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String contact) {
  public PresenceChange {
    Objects.requireNonNull(userId, "user_id");
    Objects.requireNonNull(at, "at");
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(to, "to");
    Objects.requireNonNull(visibility, "visibility");
  }
}
