package io.presence.schemas.presence;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;

/**
 * A value of {@code presence-state}: the latest presence of a user, and beside its fields who may
 * see it.
 */
public record PresenceState(
    @JsonUnwrapped Presence presence, @JsonProperty("visibility") Visibility visibility) {}
