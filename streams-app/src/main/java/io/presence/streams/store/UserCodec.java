package io.presence.streams.store;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Json;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A user's state as it is stored: a byte for the format, a byte of flags, the version, the length
 * of the presence, the presence as JSON (so that a lookup only copies it), and the rest as JSON,
 * fields without a value left out.
 */
final class UserCodec {
  private static final byte FORMAT = 1;
  private static final int HEADER = 14;
  private static final int VERSION = 2;
  private static final int LENGTH = 10;
  private static final int LIVE = 1;
  private static final int EXPIRING = 2;
  private static final int KNOWN = 4;
  private static final int SEEN = 8;
  private static final int VISIBILITY_SHIFT = 4;
  private static final JsonFactory FACTORY = Json.MAPPER.getFactory();

  private UserCodec() {}

  static byte[] encode(UserState state, PresenceJson presence) {
    byte[] json = presence.bytes();
    ByteArrayBuilder out = new ByteArrayBuilder(HEADER + json.length + 128);
    out.append(FORMAT);
    out.append(
        (state.sessions().isEmpty() ? 0 : LIVE)
            | (state.nextExpiry() == Claim.NEVER ? 0 : EXPIRING)
            | (state.isKnown() ? KNOWN : 0)
            | (state.publiclySeen() ? SEEN : 0)
            | code(state.visibility()) << VISIBILITY_SHIFT);
    out.appendFourBytes((int) (state.shown().version() >>> 32));
    out.appendFourBytes((int) state.shown().version());
    out.appendFourBytes(json.length);
    out.write(json);
    try (JsonGenerator rest = FACTORY.createGenerator(out)) {
      writeRest(rest, state);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
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

  static byte[] presence(byte[] stored) {
    int length = ByteBuffer.wrap(stored).getInt(LENGTH);
    return Arrays.copyOfRange(stored, HEADER, HEADER + length);
  }

  static UserState decode(byte[] stored) {
    if (stored[0] != FORMAT) {
      throw new IllegalStateException(
          "state of format "
              + stored[0]
              + ", which a newer version wrote; this one reads "
              + FORMAT);
    }
    try {
      byte[] json = presence(stored);
      int start = HEADER + json.length;
      Presence shown = Json.MAPPER.readValue(json, Presence.class);
      JsonNode rest = Json.MAPPER.readTree(stored, start, stored.length - start);
      return read(shown, rest, visibility(stored));
    } catch (IOException e) {
      throw new UncheckedIOException("broken state", e);
    }
  }

  private static void writeRest(JsonGenerator out, UserState state) throws IOException {
    out.writeStartObject();
    if (!state.sessions().isEmpty()) {
      out.writeArrayFieldStart("sessions");
      for (Session session : state.sessions()) {
        out.writeStartObject();
        out.writeStringField("name", session.name());
        out.writeStringField("device", session.device());
        out.writeNumberField("started_at", session.startedAt());
        if (session.away()) {
          out.writeBooleanField("away", true);
        }
        if (session.declaredAway()) {
          out.writeBooleanField("declared_away", true);
        }
        out.writeEndObject();
      }
      out.writeEndArray();
      out.writeNumberField("last_seen", state.pulse().lastSeen());
    }
    if (!state.goodbyes().isEmpty()) {
      out.writeArrayFieldStart("goodbyes");
      for (Goodbye goodbye : state.goodbyes()) {
        out.writeStartObject();
        out.writeStringField("session", goodbye.session());
        out.writeNumberField("until", goodbye.until());
        out.writeEndObject();
      }
      out.writeEndArray();
    }
    Claim claim = state.claim();
    if (claim != null) {
      out.writeStringField("claim", claim.status().word());
      writeExpiry(out, "claim_expires_at", claim.expiresAt());
    }
    writeIfSet(out, "activity", state.activity());
    CustomStatus customStatus = state.customStatus();
    if (customStatus != null) {
      out.writeStringField("custom_status", customStatus.text());
      writeExpiry(out, "custom_status_expires_at", customStatus.expiresAt());
    }
    if (state.known()) {
      out.writeBooleanField("known", true);
    }
    writeIfSet(out, "device", state.device());
    if (state.since() != 0) {
      out.writeNumberField("since", state.since());
    }
    UserState.Frozen frozen = state.frozen();
    if (frozen.lastSeen() != null) {
      out.writeNumberField("frozen_last_seen", frozen.lastSeen());
    }
    writeIfSet(out, "frozen_device", frozen.device());
    if (frozen.since() != 0) {
      out.writeNumberField("frozen_since", frozen.since());
    }
    out.writeNumberField("changed_by", state.changedBy());
    out.writeEndObject();
  }

  private static UserState read(Presence shown, JsonNode rest, Visibility visibility) {
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
              new SessionClock(userId, name)));
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
        new Pulse(rest.path("last_seen").longValue()),
        shown,
        rest.path("changed_by").longValue());
  }

  private static void writeIfSet(JsonGenerator out, String field, @Nullable String value)
      throws IOException {
    if (value != null) {
      out.writeStringField(field, value);
    }
  }

  private static void writeExpiry(JsonGenerator out, String field, long at) throws IOException {
    if (at != Claim.NEVER) {
      out.writeNumberField(field, at);
    }
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
