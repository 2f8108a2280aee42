package io.presence.schemas.presence;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.util.Objects;

/**
 * A value of {@code presence-sessions}: one connection's stay, now over.
 *
 * @param startedAt milliseconds since the epoch
 * @param endedAt milliseconds since the epoch
 * @param reason {@link Reason#DISCONNECTED} or {@link Reason#TIMED_OUT}
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ClosedSession(
    @JsonProperty("session_id") String sessionId,
    @JsonProperty("device") String device,
    @JsonProperty("started_at")
        @JsonSerialize(using = EpochSeconds.Serializer.class)
        @JsonDeserialize(using = EpochSeconds.Deserializer.class)
        Long startedAt,
    @JsonProperty("ended_at")
        @JsonSerialize(using = EpochSeconds.Serializer.class)
        @JsonDeserialize(using = EpochSeconds.Deserializer.class)
        Long endedAt,
    @JsonProperty("reason") Reason reason) {
  public ClosedSession {
    Objects.requireNonNull(sessionId, "session_id");
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(startedAt, "started_at");
    Objects.requireNonNull(endedAt, "ended_at");
    Objects.requireNonNull(reason, "reason");
  }
}
