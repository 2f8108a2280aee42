package io.presence.streams.core;

import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of one user but the contacts. Immutable, but for the clocks of the sessions and
 * the pulse.
 *
 * @param sessions open, in the order in which they were opened
 * @param goodbyes remembered, oldest first
 * @param activity the word set under the status
 * @param known whether the user was ever publicly seen
 * @param device the device last opened or last become online
 * @param since when the shown status began, as long as it is not offline
 * @param frozen what others see of times and devices while the user is not publicly seen
 * @param shown the presence as of the latest change
 * @param changedBy the offset up to which the log has taken effect here
 */
public record UserState(
    String userId,
    List<Session> sessions,
    List<Goodbye> goodbyes,
    @Nullable Claim claim,
    @Nullable String activity,
    @Nullable CustomStatus customStatus,
    Visibility visibility,
    boolean known,
    @Nullable String device,
    long since,
    Frozen frozen,
    Pulse pulse,
    Presence shown,
    long changedBy) {

  /**
   * What is shown of a user who is not publicly seen: as it was when that began.
   *
   * @param lastSeen null if never publicly seen
   * @param since 0 until the first change
   */
  public record Frozen(@Nullable Long lastSeen, @Nullable String device, long since) {}

  /** The version of the latest change; 0 if there was none, or none since the user was erased. */
  public long toldVersion() {
    return frozen.since() == 0 ? 0 : shown.version();
  }

  /** Nothing is known of the user. */
  public static UserState unknown(String userId) {
    return unknown(userId, 0);
  }

  /**
   * Nothing is known of the user, who may have been erased.
   *
   * @param version what the versions of the user's changes must be higher than
   */
  public static UserState unknown(String userId, long version) {
    return new UserState(
        userId,
        List.of(),
        List.of(),
        null,
        null,
        null,
        Visibility.EVERYONE,
        false,
        null,
        0,
        new Frozen(null, null, 0),
        new Pulse(0),
        new Presence(userId, Status.OFFLINE, null, null, null, null, 0L, version, Map.of()),
        -1);
  }

  /** The open session of that name, or null. */
  public @Nullable Session session(String name) {
    for (int i = 0; i < sessions.size(); i++) {
      Session session = sessions.get(i);
      if (session.name().equals(name)) {
        return session;
      }
    }
    return null;
  }

  /** What the sessions say, without any claim. */
  public Status derived() {
    return derived(sessions);
  }

  static Status derived(List<Session> sessions) {
    if (sessions.isEmpty()) {
      return Status.OFFLINE;
    }
    for (Session session : sessions) {
      if (!session.away()) {
        return Status.ONLINE;
      }
    }
    return Status.AWAY;
  }

  /** Whether others may have something to see: not offline, and not hidden from all. */
  public boolean publiclySeen() {
    return shown.status() != Status.OFFLINE && visibility != Visibility.NOBODY;
  }

  /** Whether a requester who may see the user gets an answer at all. */
  public boolean isKnown() {
    return known || shown.status() != Status.OFFLINE || customStatus != null;
  }

  /** When the next claim or text expires; {@link Claim#NEVER} if none does. */
  public long nextExpiry() {
    return Math.min(
        claim == null ? Claim.NEVER : claim.expiresAt(),
        customStatus == null ? Claim.NEVER : customStatus.expiresAt());
  }

  /** Moves the pulse to {@code timestamp} if it is behind. */
  public void lastSeenAtLeast(long timestamp) {
    pulse.beat(Math.max(pulse.lastSeen(), timestamp));
  }
}
