package io.presence.streams.core;

import io.presence.schemas.event.SetStatus;

/**
 * A status that a person set.
 *
 * @param status away, busy or invisible
 * @param expiresAt in milliseconds since the epoch; {@link #NEVER} if it does not
 */
public record Claim(SetStatus status, long expiresAt) {
  /** The expiry of what does not expire. */
  public static final long NEVER = Long.MAX_VALUE;
}
