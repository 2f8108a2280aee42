package io.presence.gateway.write;

import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEventCodec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Heartbeats of presence: the newest of a session stands for those before it; any sign of activity
 * among them is kept.
 */
final class PresenceHeartbeats
    implements HeartbeatBatch.Kind<PresenceHeartbeats.Session, Heartbeat> {
  /** What an entry has beside its texts, at most: brackets, quotes, commas, {@code false}. */
  private static final int ENTRY_BYTES = 20;

  /** A character of a device, at most: a surrogate is escaped, or half of four bytes. */
  private static final int DEVICE_CHARACTER_BYTES = 6;

  record Session(String userId, String name) {}

  @Override
  public Session sessionOf(Heartbeat heartbeat) {
    return new Session(heartbeat.userId(), heartbeat.sessionName());
  }

  @Override
  public Heartbeat merge(Heartbeat before, Heartbeat now) {
    Boolean active;
    if (Boolean.TRUE.equals(before.active()) || Boolean.TRUE.equals(now.active())) {
      active = Boolean.TRUE;
    } else if (before.active() == null || now.active() == null) {
      active = null;
    } else {
      active = Boolean.FALSE;
    }
    return withActive(now, active);
  }

  @Override
  public int size(Heartbeat heartbeat) {
    String session = heartbeat.sessionId();
    String device = heartbeat.device();
    return ENTRY_BYTES
        + heartbeat.userId().length()
        + (session == null ? 0 : session.length())
        + (device == null ? 0 : device.length() * DEVICE_CHARACTER_BYTES);
  }

  @Override
  public byte[] write(List<Heartbeat> heartbeats) {
    return PresenceEventCodec.write(new Heartbeats(heartbeats));
  }

  static Heartbeat withActive(Heartbeat heartbeat, @Nullable Boolean active) {
    return new Heartbeat(heartbeat.userId(), heartbeat.sessionId(), heartbeat.device(), active);
  }
}
