package io.presence.streams.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.Metadata;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.EpochSeconds;
import io.presence.streams.core.ChannelCore;
import io.presence.streams.core.MemberSession;
import io.presence.streams.core.MemberState;
import io.presence.streams.core.Pulse;
import io.presence.streams.core.SessionClock;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A member's state as it is stored: a byte for the format, one that tells whether others see it,
 * the version, the offset that changed it, since when others see it, when it was last seen, and
 * what they see of its metadata as JSON after its length, so that a list only copies it; then the
 * sessions.
 */
final class MemberCodec {
  private static final byte FORMAT = 1;
  private static final int SHOWN = 1;
  private static final int VERSION = 2;
  private static final int CHANGED_BY = 10;
  private static final int JOINED_AT = 18;
  private static final int LAST_SEEN = 26;
  private static final int LENGTH = 34;
  private static final int HEADER = 38;
  private static final byte[] NULL = {'n', 'u', 'l', 'l'};

  private MemberCodec() {}

  static byte[] encode(MemberState state) {
    JsonNode metadata = state.metadata();
    byte[] shown = metadata == null ? NULL : Metadata.write(metadata);
    String known = new String(shown, StandardCharsets.UTF_8);
    StoredBytes out = new StoredBytes(HEADER + shown.length + 64);
    out.putByte(FORMAT);
    out.putByte(state.isShown() ? SHOWN : 0);
    out.putLong(state.version());
    out.putLong(state.changedBy());
    out.putLong(state.joinedAt());
    out.putLong(state.pulse().lastSeen());
    out.putInt(shown.length);
    out.putBytes(shown);
    out.putNumber(state.sessions().size());
    for (MemberSession session : state.sessions()) {
      out.putText(session.name(), null);
      out.putByte(session.hidden() ? 1 : 0);
      out.putTime(session.joinedAt(), state.joinedAt());
      out.putNumber(session.set());
      JsonNode own = session.metadata();
      out.putText(
          own == null ? null : new String(Metadata.write(own), StandardCharsets.UTF_8), known);
    }
    return out.toBytes();
  }

  static boolean isShown(byte[] stored) {
    return stored[1] == SHOWN;
  }

  static long version(byte[] stored) {
    return ByteBuffer.wrap(stored).getLong(VERSION);
  }

  static long changedBy(byte[] stored) {
    return ByteBuffer.wrap(stored).getLong(CHANGED_BY);
  }

  static long lastSeen(byte[] stored) {
    return ByteBuffer.wrap(stored).getLong(LAST_SEEN);
  }

  /**
   * The state.
   *
   * @param live whose pulse and clocks the state gets; null: new ones
   */
  static MemberState decode(
      String channelId, String userId, byte[] stored, @Nullable LiveMember live) {
    if (stored[0] != FORMAT) {
      throw new IllegalStateException(
          "a member of format "
              + stored[0]
              + ", which a newer version wrote; this one reads up to "
              + FORMAT);
    }
    ByteBuffer header = ByteBuffer.wrap(stored);
    int end = HEADER + header.getInt(LENGTH);
    long joinedAt = header.getLong(JOINED_AT);
    String known = new String(stored, HEADER, end - HEADER, StandardCharsets.UTF_8);
    StoredBytes in = new StoredBytes(stored, end);
    int count = in.getCount();
    List<MemberSession> sessions = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String name = Objects.requireNonNull(in.getText(null));
      boolean hidden = in.getByte() != 0;
      long since = in.getTime(joinedAt);
      long set = in.getNumber();
      String metadata = in.getText(known);
      sessions.add(
          new MemberSession(
              name,
              hidden,
              metadata == null ? null : parse(metadata),
              set,
              since,
              live == null
                  ? new SessionClock(ChannelCore.ownerOf(channelId, userId), name)
                  : live.clock(i)));
    }
    return new MemberState(
        channelId,
        userId,
        List.copyOf(sessions),
        joinedAt,
        version(stored),
        changedBy(stored),
        live == null ? new Pulse(lastSeen(stored)) : live);
  }

  private static JsonNode parse(String metadata) {
    try {
      return Json.MAPPER.readTree(metadata);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("broken state", e);
    }
  }

  /**
   * Writes a member as others see it, as JSON. Ids need no escaping: their characters are plain.
   */
  static void writeShown(OutputStream out, String userId, byte[] stored, long lastSeen)
      throws IOException {
    ByteBuffer header = ByteBuffer.wrap(stored);
    out.write(
        ("{\"user_id\":\""
                + userId
                + "\",\"joined_at\":"
                + EpochSeconds.format(header.getLong(JOINED_AT))
                + ",\"last_seen\":"
                + EpochSeconds.format(lastSeen)
                + ",\"metadata\":")
            .getBytes(StandardCharsets.US_ASCII));
    out.write(stored, HEADER, header.getInt(LENGTH));
    out.write('}');
  }
}
