package io.presence.streams.core;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * A session in a channel.
 *
 * @param hidden whether others do not see it
 * @param metadata an object; null if there is none
 * @param set orders the sessions of one member by when they set their metadata; 0 if it never did
 * @param joinedAt when it was opened, in milliseconds since the epoch
 * @param clock its liveness window
 */
public record MemberSession(
    String name,
    boolean hidden,
    @Nullable JsonNode metadata,
    long set,
    long joinedAt,
    SessionClock clock) {}
