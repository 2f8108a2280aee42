package io.presence.schemas.event;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.ContactAdded;
import io.presence.schemas.event.PresenceEvent.ContactRemoved;
import io.presence.schemas.event.PresenceEvent.ContactsSet;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.Interest;
import io.presence.schemas.event.PresenceEvent.Lease;
import io.presence.schemas.event.PresenceEvent.OfSession;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEvent.Tick;
import io.presence.schemas.event.PresenceEvent.VisibilitySet;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.Visibility;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Values of {@code presence-events} as JSON, and back. Readers are tolerant of fields they do not
 * know and of nothing else, names that are there twice included.
 *
 * <p>A batch of heartbeats that names its type first, as {@link #write} does, is read in one pass
 * over its bytes, with no tree between.
 */
public final class PresenceEventCodec {
  /** The most contacts that one user has. */
  public static final int MAX_CONTACTS = 10_000;

  private static final JsonFactory FACTORY = Json.MAPPER.getFactory();

  private static final Map<String, Visibility> VISIBILITIES =
      Map.of(
          Visibility.EVERYONE.word(),
          Visibility.EVERYONE,
          Visibility.CONTACTS.word(),
          Visibility.CONTACTS,
          Visibility.NOBODY.word(),
          Visibility.NOBODY);

  private PresenceEventCodec() {}

  /**
   * Reads one event.
   *
   * @throws InvalidJsonException if it is broken, of an unknown type, or has a field that is wrong
   */
  public static PresenceEvent read(byte[] value) throws InvalidJsonException {
    List<Heartbeat> batch = Batches.readIfBatch(value, PresenceEventCodec::readEntry);
    return batch != null ? new Heartbeats(batch) : read(Json.readObject(value));
  }

  /**
   * Reads one event from a JSON object.
   *
   * @throws InvalidJsonException if it is of an unknown type, or has a field that is wrong
   */
  public static PresenceEvent read(JsonNode object) throws InvalidJsonException {
    Fields fields = new Fields(object);
    JsonNode type = object.get("type");
    if (type == null || !type.isTextual()) {
      throw new InvalidJsonException("type", type == null ? "missing" : "expected a string");
    }
    return switch (type.textValue()) {
      case "connected" ->
          new Connected(
              fields.id("user_id"),
              fields.optionalSessionId("session_id"),
              fields.optionalDevice("device"),
              fields.customStatus("custom_status"));
      case "heartbeat" ->
          new Heartbeat(
              fields.id("user_id"),
              fields.optionalSessionId("session_id"),
              fields.optionalDevice("device"),
              fields.optionalBoolean("active"));
      case "heartbeats" ->
          new Heartbeats(Batches.read(object.get("entries"), PresenceEventCodec::readEntry));
      case "activity" ->
          new Activity(
              fields.id("user_id"),
              fields.optionalSessionId("session_id"),
              fields.optionalDevice("device"));
      case "status" ->
          new StatusSet(
              fields.id("user_id"),
              fields.optionalSessionId("session_id"),
              fields.optionalDevice("device"),
              fields.word("status", SetStatus.WORDS),
              fields.has("scope") ? fields.word("scope", Scope.WORDS) : Scope.USER,
              fields.customStatus("custom_status"),
              fields.expiry("custom_status_expires_in"),
              fields.activity("activity"),
              fields.expiry("expires_in").value());
      case "disconnected" ->
          new Disconnected(
              fields.id("user_id"),
              fields.optionalSessionId("session_id"),
              fields.optionalDevice("device"),
              fields.optionalDuration("grace"),
              Boolean.TRUE.equals(fields.optionalBoolean("all")));
      case "visibility" ->
          new VisibilitySet(fields.id("user_id"), fields.word("visibility", VISIBILITIES));
      case "contact_added" -> new ContactAdded(fields.id("user_id"), fields.id("contact"));
      case "contact_removed" -> new ContactRemoved(fields.id("user_id"), fields.id("contact"));
      case "contacts_set" ->
          new ContactsSet(fields.id("user_id"), fields.ids("contacts", 0, MAX_CONTACTS));
      case "erased" -> new Erased(fields.id("user_id"));
      case "interest" ->
          new Interest(fields.id("user_id"), fields.id("gateway"), fields.bool("on"));
      case "lease" -> new Lease(fields.id("gateway"), fields.count("interests"));
      case "tick" -> new Tick();
      default -> throw new InvalidJsonException("type", "unknown");
    };
  }

  /** Writes one event. */
  public static byte[] write(PresenceEvent event) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
      out.writeStartObject();
      out.writeStringField("type", event.type());
      if (event instanceof OfUser ofUser) {
        out.writeStringField("user_id", ofUser.userId());
      }
      if (event instanceof OfSession ofSession) {
        writeIfSaid(out, "session_id", ofSession.sessionId());
        writeIfSaid(out, "device", ofSession.device());
      }
      switch (event) {
        case Connected e -> writePatch(out, "custom_status", e.customStatus());
        case Heartbeat e -> {
          if (e.active() != null) {
            out.writeBooleanField("active", e.active());
          }
        }
        case Heartbeats e -> writeEntries(out, e.entries());
        case Activity e -> {}
        case StatusSet e -> {
          out.writeStringField("status", e.status().word());
          out.writeStringField("scope", e.scope().word());
          writePatch(out, "custom_status", e.customStatus());
          if (e.customStatusExpiresIn().said()) {
            Batches.writeSeconds(
                out, "custom_status_expires_in", e.customStatusExpiresIn().value());
          }
          writePatch(out, "activity", e.activity());
          if (e.expiresIn() != null) {
            Batches.writeSeconds(out, "expires_in", e.expiresIn());
          }
        }
        case Disconnected e -> {
          if (e.grace() != null) {
            Batches.writeSeconds(out, "grace", e.grace());
          }
          if (e.all()) {
            out.writeBooleanField("all", true);
          }
        }
        case VisibilitySet e -> out.writeStringField("visibility", e.visibility().word());
        case ContactAdded e -> out.writeStringField("contact", e.contact());
        case ContactRemoved e -> out.writeStringField("contact", e.contact());
        case ContactsSet e -> {
          out.writeArrayFieldStart("contacts");
          for (String contact : e.contacts()) {
            out.writeString(contact);
          }
          out.writeEndArray();
        }
        case Erased e -> {}
        case Interest e -> {
          out.writeStringField("gateway", e.gateway());
          out.writeBooleanField("on", e.on());
        }
        case Lease e -> {
          out.writeStringField("gateway", e.gateway());
          out.writeNumberField("interests", e.interests());
        }
        case Tick e -> {}
      }
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static Heartbeat readEntry(JsonParser parser, int index)
      throws IOException, InvalidJsonException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw Batches.entry(index, "expected [user_id, session_id, device, active?]");
    }
    String userId = parser.nextTextValue();
    if (userId == null || !Fields.isId(userId)) {
      throw Batches.entry(index, "expected an id as user_id");
    }
    String sessionId = Batches.optionalText(parser, index);
    String device = Batches.optionalText(parser, index);
    if (sessionId != null) {
      Fields.checkSessionId("entries[" + index + "][1]", sessionId);
    }
    if (device != null) {
      Fields.checkDevice("entries[" + index + "][2]", device);
    }
    Boolean active =
        switch (parser.nextToken()) {
          case VALUE_TRUE -> Boolean.TRUE;
          case VALUE_FALSE -> Boolean.FALSE;
          case VALUE_NULL, END_ARRAY -> null;
          case null, default ->
              throw Batches.entry(index, "expected true, false or nothing as active");
        };
    Batches.endEntry(parser, index);
    return new Heartbeat(userId, sessionId, device, active);
  }

  private static void writeEntries(JsonGenerator out, List<Heartbeat> entries) throws IOException {
    out.writeArrayFieldStart("entries");
    for (Heartbeat entry : entries) {
      out.writeStartArray();
      out.writeString(entry.userId());
      out.writeString(entry.sessionId());
      out.writeString(entry.device());
      if (entry.active() != null) {
        out.writeBoolean(entry.active());
      }
      out.writeEndArray();
    }
    out.writeEndArray();
  }

  private static void writeIfSaid(JsonGenerator out, String field, @Nullable String value)
      throws IOException {
    if (value != null) {
      out.writeStringField(field, value);
    }
  }

  private static void writePatch(JsonGenerator out, String field, Patch<String> patch)
      throws IOException {
    if (patch.said()) {
      out.writeStringField(field, patch.value());
    }
  }
}
