package io.presence.streams.core;

/**
 * A text of the user's own.
 *
 * @param expiresAt in milliseconds since the epoch; {@link Claim#NEVER} if it does not
 */
public record CustomStatus(String text, long expiresAt) {}
