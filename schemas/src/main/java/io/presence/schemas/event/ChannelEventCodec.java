package io.presence.schemas.event;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.Metadata;
import io.presence.schemas.event.ChannelEvent.Disconnected;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Heartbeats;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.event.ChannelEvent.Tick;
import io.presence.schemas.event.ChannelEvent.Updated;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import io.presence.schemas.json.Patch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Values of {@code channel-events} as JSON, and back. Readers are tolerant of fields they do not
 * know and of nothing else, names that are there twice included.
 *
 * <p>A batch of heartbeats that names its type first, as {@link #write} does, is read in one pass
 * over its bytes, with no tree between.
 */
public final class ChannelEventCodec {
  private static final JsonFactory FACTORY = Json.MAPPER.getFactory();

  private ChannelEventCodec() {}

  /**
   * Reads one event.
   *
   * @throws InvalidJsonException if it is broken, of an unknown type, or has a field that is wrong
   */
  public static ChannelEvent read(byte[] value) throws InvalidJsonException {
    List<Heartbeat> batch = Batches.readIfBatch(value, ChannelEventCodec::readEntry);
    return batch != null ? new Heartbeats(batch) : read(Json.readObject(value));
  }

  /**
   * Reads one event from a JSON object.
   *
   * @throws InvalidJsonException if it is of an unknown type, or has a field that is wrong
   */
  public static ChannelEvent read(JsonNode object) throws InvalidJsonException {
    Fields fields = new Fields(object);
    JsonNode type = object.get("type");
    if (type == null || !type.isTextual()) {
      throw new InvalidJsonException("type", type == null ? "missing" : "expected a string");
    }
    return switch (type.textValue()) {
      case "joined" ->
          new Joined(
              fields.id("channel_id"),
              fields.id("user_id"),
              fields.optionalSessionId("session_id"),
              metadata(object),
              fields.optionalBoolean("hidden"));
      case "updated" -> {
        Patch<JsonNode> metadata = metadata(object);
        if (!metadata.said()) {
          throw new InvalidJsonException("metadata", "missing");
        }
        yield new Updated(
            fields.id("channel_id"),
            fields.id("user_id"),
            fields.optionalSessionId("session_id"),
            metadata.value());
      }
      case "heartbeat" ->
          new Heartbeat(
              fields.id("channel_id"),
              fields.id("user_id"),
              fields.optionalSessionId("session_id"));
      case "heartbeats" ->
          new Heartbeats(Batches.read(object.get("entries"), ChannelEventCodec::readEntry));
      case "left" ->
          new Left(
              fields.id("channel_id"),
              fields.id("user_id"),
              fields.optionalSessionId("session_id"));
      case "disconnected" ->
          new Disconnected(
              fields.id("channel_id"),
              fields.id("user_id"),
              fields.optionalSessionId("session_id"),
              fields.optionalDuration("grace"));
      case "tick" -> new Tick();
      default -> throw new InvalidJsonException("type", "unknown");
    };
  }

  /** Writes one event. */
  public static byte[] write(ChannelEvent event) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
      out.writeStartObject();
      out.writeStringField("type", event.type());
      if (event instanceof OfMember ofMember) {
        out.writeStringField("channel_id", ofMember.channelId());
        out.writeStringField("user_id", ofMember.userId());
        if (ofMember.sessionId() != null) {
          out.writeStringField("session_id", ofMember.sessionId());
        }
      }
      switch (event) {
        case Joined e -> {
          if (e.metadata().said()) {
            writeMetadata(out, e.metadata().value());
          }
          if (e.hidden() != null) {
            out.writeBooleanField("hidden", e.hidden());
          }
        }
        case Updated e -> writeMetadata(out, e.metadata());
        case Heartbeat e -> {}
        case Heartbeats e -> writeEntries(out, e.entries());
        case Left e -> {}
        case Disconnected e -> {
          if (e.grace() != null) {
            Batches.writeSeconds(out, "grace", e.grace());
          }
        }
        case Tick e -> {}
      }
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static Patch<JsonNode> metadata(JsonNode object) throws InvalidJsonException {
    JsonNode metadata = object.get("metadata");
    if (metadata == null) {
      return Patch.keep();
    }
    return metadata.isNull() ? Patch.clear() : Patch.set(Metadata.check("metadata", metadata));
  }

  private static Heartbeat readEntry(JsonParser parser, int index)
      throws IOException, InvalidJsonException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw Batches.entry(index, "expected [channel_id, user_id, session_id]");
    }
    String channelId = parser.nextTextValue();
    if (channelId == null || !Fields.isId(channelId)) {
      throw Batches.entry(index, "expected an id as channel_id");
    }
    String userId = parser.nextTextValue();
    if (userId == null || !Fields.isId(userId)) {
      throw Batches.entry(index, "expected an id as user_id");
    }
    String sessionId = Batches.optionalText(parser, index);
    if (sessionId != null) {
      Fields.checkSessionId("entries[" + index + "][2]", sessionId);
    }
    parser.nextToken();
    Batches.endEntry(parser, index);
    return new Heartbeat(channelId, userId, sessionId);
  }

  private static void writeEntries(JsonGenerator out, List<Heartbeat> entries) throws IOException {
    out.writeArrayFieldStart("entries");
    for (Heartbeat entry : entries) {
      out.writeStartArray();
      out.writeString(entry.channelId());
      out.writeString(entry.userId());
      out.writeString(entry.sessionId());
      out.writeEndArray();
    }
    out.writeEndArray();
  }

  private static void writeMetadata(JsonGenerator out, @Nullable JsonNode metadata)
      throws IOException {
    out.writeFieldName("metadata");
    if (metadata == null) {
      out.writeNull();
    } else {
      Json.MAPPER.writeTree(out, metadata);
    }
  }
}
