package io.presence.schemas.event;

import io.presence.schemas.json.Fields;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.Visibility;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A value of {@code presence-events}: what happened. Durations travel in seconds; no event carries
 * an instant, for time is the log's.
 */
public sealed interface PresenceEvent {

  /** The word in the field {@code type}. */
  String type();

  /** An event about one user; the record's key is that user. */
  sealed interface OfUser extends PresenceEvent {
    String userId();
  }

  /** An event that may name a session, by its id or by its device. */
  sealed interface OfSession extends OfUser {
    @Nullable String sessionId();

    @Nullable String device();

    /** The session's name: its id, else {@code device:} and the device. */
    default String sessionName() {
      return PresenceEvent.sessionName(sessionId(), device());
    }
  }

  /** A session's name: its id, else {@code device:} and the device, {@code default} if none. */
  static String sessionName(@Nullable String sessionId, @Nullable String device) {
    return sessionId != null
        ? sessionId
        : Fields.DEVICE_SESSION + (device != null ? device : DEFAULT_DEVICE);
  }

  /** The device of a session that names none. */
  String DEFAULT_DEVICE = "default";

  /** A session opens, or says that it is still there. */
  record Connected(
      String userId,
      @Nullable String sessionId,
      @Nullable String device,
      Patch<String> customStatus)
      implements OfSession {
    @Override
    public String type() {
      return "connected";
    }
  }

  /**
   * A session lives.
   *
   * @param active whether there was a sign of activity; null if it is not said
   */
  record Heartbeat(
      String userId, @Nullable String sessionId, @Nullable String device, @Nullable Boolean active)
      implements OfSession {
    @Override
    public String type() {
      return "heartbeat";
    }
  }

  /** Heartbeats of many users whose ids all belong to one partition; the record has no key. */
  record Heartbeats(List<Heartbeat> entries) implements PresenceEvent {
    @Override
    public String type() {
      return "heartbeats";
    }
  }

  /** Someone did something in a session. */
  record Activity(String userId, @Nullable String sessionId, @Nullable String device)
      implements OfSession {
    @Override
    public String type() {
      return "activity";
    }
  }

  /**
   * A status was set. It means a session only if it names one, by id or by device.
   *
   * @param customStatusExpiresIn absent with a new text: the text does not expire; absent without
   *     one: what was set stays
   * @param expiresIn when the claim ends; null: never
   */
  record StatusSet(
      String userId,
      @Nullable String sessionId,
      @Nullable String device,
      SetStatus status,
      Scope scope,
      Patch<String> customStatus,
      Patch<Duration> customStatusExpiresIn,
      Patch<String> activity,
      @Nullable Duration expiresIn)
      implements OfSession {
    @Override
    public String type() {
      return "status";
    }

    /** Whether the event means a session. */
    public boolean namesSession() {
      return sessionId != null || device != null;
    }
  }

  /**
   * A session's connection is gone.
   *
   * @param grace how long the session may come back; null or none: it ended for good
   * @param all whether every session of the user ends, not one
   */
  record Disconnected(
      String userId,
      @Nullable String sessionId,
      @Nullable String device,
      @Nullable Duration grace,
      boolean all)
      implements OfSession {
    @Override
    public String type() {
      return "disconnected";
    }
  }

  /** Who may see the user was set. */
  record VisibilitySet(String userId, Visibility visibility) implements OfUser {
    @Override
    public String type() {
      return "visibility";
    }
  }

  /** {@code contact} counts as a contact of the user from now on. */
  record ContactAdded(String userId, String contact) implements OfUser {
    @Override
    public String type() {
      return "contact_added";
    }
  }

  /** {@code contact} no longer counts as a contact of the user. */
  record ContactRemoved(String userId, String contact) implements OfUser {
    @Override
    public String type() {
      return "contact_removed";
    }
  }

  /** These, and no others, count as contacts of the user. */
  record ContactsSet(String userId, Set<String> contacts) implements OfUser {
    @Override
    public String type() {
      return "contacts_set";
    }
  }

  /** All that is stored of the user goes. */
  record Erased(String userId) implements OfUser {
    @Override
    public String type() {
      return "erased";
    }
  }

  /**
   * A gateway wants to be told of the user from now on, or no more.
   *
   * @param gateway by the name that it has in the user's partition
   */
  record Interest(String userId, String gateway, boolean on) implements OfUser {
    /** What a user adds to the sum of a lease. */
    public static long part(String userId) {
      // Mixed, and not by a multiplication alone: the hashes of ids that end in numbers differ as
      // those do, and 1 + 4 is 2 + 3.
      long mixed = userId.hashCode();
      mixed = (mixed ^ mixed >>> 30) * 0xBF58476D1CE4E5B9L;
      mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
      return (mixed ^ mixed >>> 31) >>> 24;
    }

    @Override
    public String type() {
      return "interest";
    }
  }

  /**
   * A gateway is there, and interested in so many users of this partition. It has no key.
   *
   * @param gateway by the name that it has in this partition
   * @param interests the {@link Interest#part} of each of those users, added up: where the two
   *     sides come to different sums, something was lost
   */
  record Lease(String gateway, long interests) implements PresenceEvent {
    @Override
    public String type() {
      return "lease";
    }
  }

  /** Nothing but a time: the record's. It has no key. */
  record Tick() implements PresenceEvent {
    @Override
    public String type() {
      return "tick";
    }
  }
}
