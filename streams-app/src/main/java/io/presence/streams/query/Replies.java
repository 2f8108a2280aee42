package io.presence.streams.query;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.EpochSeconds;
import io.presence.schemas.presence.Reason;
import io.presence.schemas.presence.Status;
import io.presence.streams.core.Claim;
import io.presence.streams.core.CustomStatus;
import io.presence.streams.core.Goodbye;
import io.presence.streams.core.Rules;
import io.presence.streams.core.Session;
import io.presence.streams.core.SessionClock;
import io.presence.streams.core.UserState;
import io.presence.streams.store.UserQuery;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The bodies of answers about one user, as HTTP clients get them. */
final class Replies {
  private static final Pattern CURSOR = Pattern.compile("(\\d{1,15})-(\\d{1,15})-(.{1,200})");
  private static final Comparator<ClosedSession> NEWEST_FIRST =
      Comparator.comparing(ClosedSession::endedAt)
          .thenComparing(ClosedSession::startedAt)
          .reversed()
          .thenComparing(ClosedSession::sessionId);

  /** What writes the fields of a body. */
  private interface Body {
    void write(JsonGenerator out) throws IOException;
  }

  private Replies() {}

  /** {@code {claim, custom_status, custom_status_expires_at, derived, visibility}}. */
  static byte[] ownStatus(UserQuery.Result result) {
    UserState state = result.state();
    return object(out -> writeOwnStatus(out, state));
  }

  /** Everything from which the status follows. */
  static byte[] explain(UserQuery.Result result, Rules rules) {
    UserState state = result.state();
    long now = result.presenceTime();
    return object(
        out -> {
          out.writeStringField("user_id", state.userId());
          out.writeStringField("status", state.shown().status().word());
          writeOwnStatus(out, state);
          out.writeStringField("activity", state.activity());
          out.writeBooleanField("known", state.isKnown());
          out.writeNumberField("version", state.shown().version());
          out.writeNumberField("contacts", result.contacts().size());
          writeSeconds(out, "presence_time", now);
          writeSeconds(out, "heartbeat_ttl", rules.heartbeatTtl().toMillis());
          writeSeconds(out, "away_after", rules.awayAfter().toMillis());
          out.writeArrayFieldStart("sessions");
          for (Session session : state.sessions()) {
            writeSession(out, session, now);
          }
          out.writeEndArray();
          out.writeArrayFieldStart("goodbyes");
          for (Goodbye goodbye : state.goodbyes()) {
            if (goodbye.until() > now) {
              out.writeStartObject();
              out.writeStringField("session_id", goodbye.session());
              writeSeconds(out, "forgotten_in", goodbye.until() - now);
              out.writeEndObject();
            }
          }
          out.writeEndArray();
        });
  }

  /**
   * A page of contacts.
   *
   * @param after the last id of the page before
   */
  static byte[] contacts(NavigableSet<String> contacts, int limit, @Nullable String after) {
    NavigableSet<String> rest = after == null ? contacts : contacts.tailSet(after, false);
    List<String> page = rest.stream().limit(limit).toList();
    return object(
        out -> {
          out.writeArrayFieldStart("contacts");
          for (String contact : page) {
            out.writeString(contact);
          }
          out.writeEndArray();
          if (rest.size() > page.size()) {
            out.writeStringField("next", page.get(page.size() - 1));
          }
        });
  }

  /**
   * A page of closed sessions, newest first.
   *
   * @return null if {@code after} is no cursor
   */
  static byte @Nullable [] sessions(
      List<ClosedSession> sessions, int limit, @Nullable String after) {
    sessions.sort(NEWEST_FIRST);
    int from = 0;
    if (after != null) {
      Matcher cursor = CURSOR.matcher(after);
      if (!cursor.matches()) {
        return null;
      }
      ClosedSession last =
          new ClosedSession(
              cursor.group(3),
              "",
              Long.valueOf(cursor.group(2)),
              Long.valueOf(cursor.group(1)),
              Reason.DISCONNECTED);
      while (from < sessions.size() && NEWEST_FIRST.compare(sessions.get(from), last) <= 0) {
        from++;
      }
    }
    int to = Math.min(sessions.size(), from + limit);
    List<ClosedSession> page = sessions.subList(from, to);
    return object(
        out -> {
          out.writeFieldName("sessions");
          Json.MAPPER.writeValue(out, page);
          if (to < sessions.size()) {
            ClosedSession last = page.get(page.size() - 1);
            out.writeStringField(
                "next", last.endedAt() + "-" + last.startedAt() + "-" + last.sessionId());
          }
        });
  }

  private static void writeOwnStatus(JsonGenerator out, UserState state) throws IOException {
    Claim claim = state.claim();
    if (claim == null) {
      out.writeNullField("claim");
    } else {
      out.writeObjectFieldStart("claim");
      out.writeStringField("status", claim.status().word());
      out.writeStringField("activity", state.activity());
      writeTime(out, "expires_at", claim.expiresAt());
      out.writeEndObject();
    }
    CustomStatus customStatus = state.customStatus();
    out.writeStringField("custom_status", customStatus == null ? null : customStatus.text());
    writeTime(
        out,
        "custom_status_expires_at",
        customStatus == null ? Claim.NEVER : customStatus.expiresAt());
    out.writeStringField("derived", state.derived().word());
    out.writeStringField("visibility", state.visibility().word());
  }

  private static void writeSession(JsonGenerator out, Session session, long now)
      throws IOException {
    SessionClock clock = session.clock();
    out.writeStartObject();
    out.writeStringField("session_id", session.name());
    out.writeStringField("device", session.device());
    out.writeStringField("status", session.away() ? Status.AWAY.word() : Status.ONLINE.word());
    out.writeBooleanField("declared_away", session.declaredAway());
    out.writeBooleanField("leaving", clock.leaving());
    writeTime(out, "started_at", session.startedAt());
    out.writeObjectFieldStart("liveness");
    writeSeconds(out, "deadline_in", Math.max(0, clock.livenessDeadline() - now));
    out.writeEndObject();
    if (clock.activityDeadline() == SessionClock.NEVER) {
      out.writeNullField("activity");
    } else {
      out.writeObjectFieldStart("activity");
      writeSeconds(out, "deadline_in", Math.max(0, clock.activityDeadline() - now));
      out.writeEndObject();
    }
    out.writeEndObject();
  }

  private static void writeTime(JsonGenerator out, String field, long millis) throws IOException {
    if (millis == Claim.NEVER) {
      out.writeNullField(field);
    } else {
      out.writeFieldName(field);
      out.writeNumber(EpochSeconds.format(millis));
    }
  }

  private static void writeSeconds(JsonGenerator out, String field, long millis)
      throws IOException {
    out.writeFieldName(field);
    out.writeNumber(EpochSeconds.format(millis));
  }

  private static byte[] object(Body body) {
    ByteArrayBuilder bytes = new ByteArrayBuilder(512);
    try (JsonGenerator out = Json.MAPPER.getFactory().createGenerator(bytes)) {
      out.writeStartObject();
      body.write(out);
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
