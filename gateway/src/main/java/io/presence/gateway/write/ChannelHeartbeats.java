package io.presence.gateway.write;

import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Heartbeats;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.event.ChannelEventCodec;
import java.util.List;

/** Heartbeats of members of channels: any of a session's stands for all of them. */
final class ChannelHeartbeats implements HeartbeatBatch.Kind<ChannelHeartbeats.Session, Heartbeat> {
  /** What an entry has beside its texts: brackets, quotes, commas. */
  private static final int ENTRY_BYTES = 12;

  record Session(String channelId, String userId, String name) {
    static Session of(OfMember event) {
      return new Session(event.channelId(), event.userId(), event.sessionName());
    }

    boolean isOf(String channel, String user) {
      return channelId.equals(channel) && userId.equals(user);
    }
  }

  @Override
  public Session sessionOf(Heartbeat heartbeat) {
    return Session.of(heartbeat);
  }

  @Override
  public Heartbeat merge(Heartbeat before, Heartbeat now) {
    return now;
  }

  @Override
  public int size(Heartbeat heartbeat) {
    String session = heartbeat.sessionId();
    return ENTRY_BYTES
        + heartbeat.channelId().length()
        + heartbeat.userId().length()
        + (session == null ? 0 : session.length());
  }

  @Override
  public byte[] write(List<Heartbeat> heartbeats) {
    return ChannelEventCodec.write(new Heartbeats(heartbeats));
  }
}
