package io.presence.streams.store;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.EpochSeconds;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.Visibility;
import io.presence.streams.core.Claim;
import io.presence.streams.core.CustomStatus;
import io.presence.streams.core.Goodbye;
import io.presence.streams.core.Pulse;
import io.presence.streams.core.Session;
import io.presence.streams.core.SessionClock;
import io.presence.streams.core.UserState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A user's state as it is stored: a byte for the format, a byte of flags, the version, the length
 * of the presence, the presence as JSON (so that a lookup only copies it), and the rest, in which
 * only what the presence does not say takes more than a byte a field.
 *
 * <p>What was stored in format 1, with the rest as JSON, can be read.
 */
final class UserCodec {
  /** Where the id begins, of all that is stored. */
  static final int ID = 14 + "{\"user_id\":\"".length();

  private static final byte FORMAT = 2;
  private static final byte JSON_FORMAT = 1;
  private static final int HEADER = 14;
  private static final int VERSION = 2;
  private static final int LENGTH = 10;
  private static final int LIVE = 1;
  private static final int EXPIRING = 2;
  private static final int KNOWN = 4;
  private static final int SEEN = 8;
  private static final int VISIBILITY_SHIFT = 4;
  private static final int AWAY = 1;
  private static final int DECLARED = 2;

  /** A time that there is none of. */
  private static final long NONE = Long.MIN_VALUE;

  private UserCodec() {}

  static byte[] encode(UserState state, PresenceJson presence) {
    byte[] json = presence.bytes();
    StoredBytes out = new StoredBytes(HEADER + json.length + 64);
    out.putByte(FORMAT);
    out.putByte(
        (state.sessions().isEmpty() ? 0 : LIVE)
            | (state.nextExpiry() == Claim.NEVER ? 0 : EXPIRING)
            | (state.isKnown() ? KNOWN : 0)
            | (state.publiclySeen() ? SEEN : 0)
            | code(state.visibility()) << VISIBILITY_SHIFT);
    out.putLong(state.shown().version());
    out.putInt(json.length);
    out.putBytes(json);
    writeRest(out, state);
    return out.toBytes();
  }

  /** Whether there are sessions, or something that expires. */
  static boolean isPending(byte[] stored) {
    return (stored[1] & (LIVE | EXPIRING)) != 0;
  }

  static boolean isKnown(byte[] stored) {
    return (stored[1] & KNOWN) != 0;
  }

  /** Whether the user is publicly seen, so that {@code last_seen} moves. */
  static boolean isPubliclySeen(byte[] stored) {
    return (stored[1] & SEEN) != 0;
  }

  static Visibility visibility(byte[] stored) {
    return switch (stored[1] >> VISIBILITY_SHIFT & 3) {
      case 0 -> Visibility.EVERYONE;
      case 1 -> Visibility.CONTACTS;
      default -> Visibility.NOBODY;
    };
  }

  private static int code(Visibility visibility) {
    return switch (visibility) {
      case EVERYONE -> 0;
      case CONTACTS -> 1;
      case NOBODY -> 2;
    };
  }

  static long version(byte[] stored) {
    return ByteBuffer.wrap(stored).getLong(VERSION);
  }

  /** Whether it is of the user whose id is in those bytes. Ids are as they are in JSON. */
  static boolean isOf(byte[] stored, byte[] bytes, int from, int to) {
    int end = ID + to - from;
    return end < stored.length
        && stored[end] == '"'
        && Arrays.equals(stored, ID, end, bytes, from, to);
  }

  /** Where the id ends. */
  static int endOfId(byte[] stored) {
    int end = ID;
    while (stored[end] != '"') {
      end++;
    }
    return end;
  }

  static String userId(byte[] stored) {
    return new String(stored, ID, endOfId(stored) - ID, StandardCharsets.US_ASCII);
  }

  /** The offset up to which the log has taken effect. */
  static long changedBy(byte[] stored) {
    return stored[0] == FORMAT
        ? new StoredBytes(stored, HEADER + length(stored)).getNumber()
        : decode(stored, null).changedBy();
  }

  /** The presence as JSON. */
  static byte[] presence(byte[] stored) {
    return Arrays.copyOfRange(stored, HEADER, HEADER + length(stored));
  }

  /** The presence as JSON, with another {@code last_seen} in the place of that which is there. */
  static byte[] presence(byte[] stored, int start, int end, long lastSeen) {
    int length = length(stored);
    int slot = EpochSeconds.length(lastSeen);
    int before = start - HEADER;
    if (slot == end - start) {
      byte[] copy = Arrays.copyOfRange(stored, HEADER, HEADER + length);
      EpochSeconds.write(lastSeen, copy, before);
      return copy;
    }
    byte[] copy = new byte[length - (end - start) + slot];
    System.arraycopy(stored, HEADER, copy, 0, before);
    EpochSeconds.write(lastSeen, copy, before);
    System.arraycopy(stored, end, copy, before + slot, HEADER + length - end);
    return copy;
  }

  /** The presence as JSON, with {@code lastSeen} if that is later than what is there. */
  static byte[] presence(byte[] stored, long lastSeen) {
    int start = PresenceJson.lastSeenStart(stored, ID);
    int end = PresenceJson.lastSeenEnd(stored, start);
    String there = new String(stored, start, end - start, StandardCharsets.US_ASCII);
    long since = there.equals("null") ? Long.MIN_VALUE : EpochSeconds.parse(there);
    return lastSeen <= since
        ? presence(stored)
        : presence(stored, start, end, Math.max(0, lastSeen));
  }

  private static int length(byte[] stored) {
    return ByteBuffer.wrap(stored).getInt(LENGTH);
  }

  /**
   * The state.
   *
   * @param live whose pulse and clocks the state gets; null: new ones
   */
  static UserState decode(byte[] stored, @Nullable LiveUser live) {
    try {
      int end = HEADER + length(stored);
      Presence shown = Json.MAPPER.readValue(stored, HEADER, end - HEADER, Presence.class);
      return switch (stored[0]) {
        case FORMAT -> read(shown, new StoredBytes(stored, end), visibility(stored), live);
        case JSON_FORMAT ->
            read(
                shown,
                Json.MAPPER.readTree(stored, end, stored.length - end),
                visibility(stored),
                live);
        default ->
            throw new IllegalStateException(
                "state of format "
                    + stored[0]
                    + ", which a newer version wrote; this one reads up to "
                    + FORMAT);
      };
    } catch (IOException e) {
      throw new UncheckedIOException("broken state", e);
    }
  }

  private static void writeRest(StoredBytes out, UserState state) {
    Presence shown = state.shown();
    UserState.Frozen frozen = state.frozen();
    CustomStatus customStatus = state.customStatus();
    Claim claim = state.claim();
    out.putNumber(state.changedBy());
    out.putByte(state.known() ? 1 : 0);
    out.putText(state.device(), shown.device());
    out.putTime(state.since(), shown.since());
    Long lastSeen = frozen.lastSeen();
    out.putTime(lastSeen == null ? NONE : lastSeen, orNone(shown.lastSeen()));
    out.putText(frozen.device(), shown.device());
    out.putTime(frozen.since(), shown.since());
    out.putText(claim == null ? null : claim.status().word(), null);
    if (claim != null) {
      out.putTime(claim.expiresAt(), Claim.NEVER);
    }
    out.putText(state.activity(), shown.activity());
    out.putText(customStatus == null ? null : customStatus.text(), shown.customStatus());
    if (customStatus != null) {
      out.putTime(customStatus.expiresAt(), Claim.NEVER);
    }
    out.putNumber(state.goodbyes().size());
    for (Goodbye goodbye : state.goodbyes()) {
      out.putText(goodbye.session(), null);
      out.putNumber(goodbye.until());
    }
    out.putNumber(state.sessions().size());
    for (Session session : state.sessions()) {
      out.putText(session.name(), null);
      out.putText(session.device(), shown.device());
      out.putTime(session.startedAt(), shown.since());
      out.putByte((session.away() ? AWAY : 0) | (session.declaredAway() ? DECLARED : 0));
    }
    if (!state.sessions().isEmpty()) {
      out.putTime(state.pulse().lastSeen(), orNone(shown.lastSeen()));
    }
  }

  private static UserState read(
      Presence shown, StoredBytes in, Visibility visibility, @Nullable LiveUser live) {
    String userId = shown.userId();
    long changedBy = in.getNumber();
    boolean known = in.getByte() != 0;
    String device = in.getText(shown.device());
    long since = in.getTime(shown.since());
    long frozenLastSeen = in.getTime(orNone(shown.lastSeen()));
    UserState.Frozen frozen =
        new UserState.Frozen(
            frozenLastSeen == NONE ? null : frozenLastSeen,
            in.getText(shown.device()),
            in.getTime(shown.since()));
    String claimed = in.getText(null);
    Claim claim =
        claimed == null
            ? null
            : new Claim(
                Objects.requireNonNull(SetStatus.WORDS.get(claimed)), in.getTime(Claim.NEVER));
    String activity = in.getText(shown.activity());
    String text = in.getText(shown.customStatus());
    CustomStatus customStatus =
        text == null ? null : new CustomStatus(text, in.getTime(Claim.NEVER));
    int goodbyeCount = in.getCount();
    List<Goodbye> goodbyes = new ArrayList<>(goodbyeCount);
    for (int i = 0; i < goodbyeCount; i++) {
      goodbyes.add(new Goodbye(Objects.requireNonNull(in.getText(null)), in.getNumber()));
    }
    int sessionCount = in.getCount();
    List<Session> sessions = new ArrayList<>(sessionCount);
    for (int i = 0; i < sessionCount; i++) {
      String name = Objects.requireNonNull(in.getText(null));
      String on = Objects.requireNonNull(in.getText(shown.device()));
      long startedAt = in.getTime(shown.since());
      int flags = in.getByte();
      sessions.add(
          new Session(
              name,
              on,
              startedAt,
              (flags & AWAY) != 0,
              (flags & DECLARED) != 0,
              live == null ? new SessionClock(userId, name) : live.clock(i)));
    }
    long lastSeen = sessionCount == 0 ? 0 : in.getTime(orNone(shown.lastSeen()));
    return new UserState(
        userId,
        Collections.unmodifiableList(sessions),
        Collections.unmodifiableList(goodbyes),
        claim,
        activity,
        customStatus,
        visibility,
        known,
        device,
        since,
        frozen,
        live == null ? new Pulse(lastSeen) : live,
        shown,
        changedBy);
  }

  private static long orNone(@Nullable Long time) {
    return time == null ? NONE : time;
  }

  /** Reads what was stored in format 1. */
  private static UserState read(
      Presence shown, JsonNode rest, Visibility visibility, @Nullable LiveUser live) {
    String userId = shown.userId();
    List<Session> sessions = new ArrayList<>();
    for (JsonNode session : rest.path("sessions")) {
      String name = session.path("name").textValue();
      sessions.add(
          new Session(
              name,
              session.path("device").textValue(),
              session.path("started_at").longValue(),
              session.path("away").booleanValue(),
              session.path("declared_away").booleanValue(),
              live == null ? new SessionClock(userId, name) : live.clock(sessions.size())));
    }
    List<Goodbye> goodbyes = new ArrayList<>();
    for (JsonNode goodbye : rest.path("goodbyes")) {
      goodbyes.add(
          new Goodbye(goodbye.path("session").textValue(), goodbye.path("until").longValue()));
    }
    String claim = text(rest, "claim");
    String customStatus = text(rest, "custom_status");
    JsonNode frozenLastSeen = rest.get("frozen_last_seen");
    return new UserState(
        userId,
        List.copyOf(sessions),
        List.copyOf(goodbyes),
        claim == null
            ? null
            : new Claim(
                Objects.requireNonNull(SetStatus.WORDS.get(claim)),
                expiry(rest, "claim_expires_at")),
        text(rest, "activity"),
        customStatus == null
            ? null
            : new CustomStatus(customStatus, expiry(rest, "custom_status_expires_at")),
        visibility,
        rest.path("known").booleanValue(),
        text(rest, "device"),
        rest.path("since").longValue(),
        new UserState.Frozen(
            frozenLastSeen == null ? null : frozenLastSeen.longValue(),
            text(rest, "frozen_device"),
            rest.path("frozen_since").longValue()),
        live == null ? new Pulse(rest.path("last_seen").longValue()) : live,
        shown,
        rest.path("changed_by").longValue());
  }

  private static long expiry(JsonNode rest, String field) {
    JsonNode at = rest.get(field);
    return at == null ? Claim.NEVER : at.longValue();
  }

  private static @Nullable String text(JsonNode rest, String field) {
    JsonNode node = rest.get(field);
    return node == null ? null : node.textValue();
  }
}
