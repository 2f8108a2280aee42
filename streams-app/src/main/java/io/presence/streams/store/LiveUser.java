package io.presence.streams.store;

import io.presence.schemas.event.PlainBatch;
import io.presence.streams.core.Pulse;
import io.presence.streams.core.Session;
import io.presence.streams.core.SessionClock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A user with open sessions as the processor's store holds one: the stored bytes, and beside them
 * only what a heartbeat moves. All else is decoded when it is needed.
 */
public final class LiveUser extends Pulse {
  private final byte[] stored;

  /** The clock of the only session; or the clocks of all, in the order of the sessions. */
  private final Object clocks;

  private final short lastSeenStart;
  private final short lastSeenEnd;

  LiveUser(byte[] stored, long lastSeen, List<Session> sessions) {
    super(lastSeen);
    this.stored = stored;
    this.clocks =
        sessions.size() == 1
            ? sessions.getFirst().clock()
            : sessions.stream().map(Session::clock).toArray(SessionClock[]::new);
    int start = PresenceJson.lastSeenStart(stored, UserCodec.ID);
    this.lastSeenStart = (short) start;
    this.lastSeenEnd = (short) PresenceJson.lastSeenEnd(stored, start);
  }

  /** The clock of the open session of that name, or null. */
  public @Nullable SessionClock clock(String session) {
    if (clocks instanceof SessionClock only) {
      return only.session().equals(session) ? only : null;
    }
    for (SessionClock clock : (SessionClock[]) clocks) {
      if (clock.session().equals(session)) {
        return clock;
      }
    }
    return null;
  }

  /** The clock of the open session that an entry of a batch names, or null. */
  public @Nullable SessionClock clock(PlainBatch batch, int entry) {
    if (clocks instanceof SessionClock only) {
      return batch.namesSession(entry, only.session()) ? only : null;
    }
    for (SessionClock clock : (SessionClock[]) clocks) {
      if (batch.namesSession(entry, clock.session())) {
        return clock;
      }
    }
    return null;
  }

  /**
   * The name of a session, if there is but one: what to read before one looks for it, if there are
   * others to look for meanwhile.
   */
  public @Nullable String onlySession() {
    return clocks instanceof SessionClock only ? only.session() : null;
  }

  /** The clock of the session at {@code index}. */
  SessionClock clock(int index) {
    return clocks instanceof SessionClock only ? only : ((SessionClock[]) clocks)[index];
  }

  byte[] stored() {
    return stored;
  }

  /** The offset up to which the log has taken effect on the user. */
  public long changedBy() {
    return UserCodec.changedBy(stored);
  }

  /** The presence as JSON, last seen when the user was. */
  byte[] presence() {
    return UserCodec.presence(stored, lastSeenStart, lastSeenEnd, lastSeen());
  }
}
