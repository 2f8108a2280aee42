package io.presence.streams.store;

import io.presence.streams.core.MemberSession;
import io.presence.streams.core.MemberState;
import io.presence.streams.core.Pulse;
import io.presence.streams.core.SessionClock;
import org.jspecify.annotations.Nullable;

/**
 * A member as the processor's store holds one: the stored bytes, and beside them only what a
 * heartbeat moves. All else is decoded when it is needed.
 */
public final class LiveMember extends Pulse {
  private final byte[] stored;
  private final SessionClock[] clocks;

  LiveMember(byte[] stored, MemberState state) {
    super(state.pulse().lastSeen());
    this.stored = stored;
    this.clocks = state.sessions().stream().map(MemberSession::clock).toArray(SessionClock[]::new);
  }

  /** The clock of the session of that name, or null. */
  public @Nullable SessionClock clock(String session) {
    for (SessionClock clock : clocks) {
      if (clock.session().equals(session)) {
        return clock;
      }
    }
    return null;
  }

  /** The clock of the session at {@code index}. */
  SessionClock clock(int index) {
    return clocks[index];
  }

  byte[] stored() {
    return stored;
  }

  /** The offset up to which the log has taken effect on the member. */
  public long changedBy() {
    return MemberCodec.changedBy(stored);
  }
}
