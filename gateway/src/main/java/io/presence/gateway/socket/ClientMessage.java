package io.presence.gateway.socket;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.write.MemberFields;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import io.presence.schemas.json.Patch;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a client says over a socket. Null means the same as absent: many clients send it always. */
sealed interface ClientMessage {
  String UPDATE_CURSOR = "update_cursor";

  /** How the id of a channel begins that is a document. */
  String DOCUMENT = "doc:";

  /** How many users one message may name. */
  int MAX_IDS = 1_000;

  /** The session opens. */
  record SetOnline(@Nullable String device, Patch<String> customStatus) implements ClientMessage {}

  /** The session lives; whether there was a sign of activity, if that is said. */
  record Heartbeat(@Nullable String device, @Nullable Boolean active) implements ClientMessage {}

  record StatusSet(
      SetStatus status,
      Patch<String> customStatus,
      Patch<Duration> customStatusExpiresIn,
      Patch<String> activity,
      @Nullable Duration expiresIn)
      implements ClientMessage {}

  /** Goodbye, though the socket stays. */
  record SetOffline() implements ClientMessage {}

  record Subscribe(Set<String> userIds) implements ClientMessage {}

  record Unsubscribe(Set<String> userIds) implements ClientMessage {}

  /**
   * The user is in a channel from now on, or says again how.
   *
   * @param hidden null: as before
   */
  record JoinChannel(String channelId, Patch<JsonNode> metadata, @Nullable Boolean hidden)
      implements ClientMessage {}

  /**
   * What the others see of the member.
   *
   * @param metadata null clears
   */
  record UpdateChannel(String channelId, @Nullable JsonNode metadata) implements ClientMessage {}

  record LeaveChannel(String channelId) implements ClientMessage {}

  /** A channel is followed from now on. */
  record WatchChannel(String channelId) implements ClientMessage {}

  record UnwatchChannel(String channelId) implements ClientMessage {}

  /** The user is in a document from now on, or goes on in it in another mode. */
  record OpenDocument(String channelId, DocumentMode mode, @Nullable JsonNode cursor)
      implements ClientMessage {}

  record UpdateCursor(String channelId, JsonNode cursor) implements ClientMessage {}

  /** A message of a type that is not known. */
  record Unknown(String type) implements ClientMessage {}

  /**
   * Reads a message.
   *
   * @throws InvalidJsonException if it is not one; {@link #type} may still tell which it wanted to
   *     be
   */
  static ClientMessage read(JsonNode object) throws InvalidJsonException {
    Fields fields = new Fields(object);
    String type = type(object);
    if (type == null) {
      throw new InvalidJsonException("type", "expected a string");
    }
    return switch (type) {
      case "set_online" ->
          new SetOnline(
              fields.optionalDevice("device"),
              said(object, "custom_status", fields.customStatus("custom_status")));
      case "heartbeat" ->
          new Heartbeat(fields.optionalDevice("device"), fields.optionalBoolean("active"));
      case "set_status" ->
          new StatusSet(
              fields.word("status", SetStatus.WORDS),
              said(object, "custom_status", fields.customStatus("custom_status")),
              said(object, "custom_status_expires_in", fields.expiry("custom_status_expires_in")),
              said(object, "activity", fields.activity("activity")),
              fields.expiry("expires_in").value());
      case "set_offline" -> new SetOffline();
      case "subscribe" -> new Subscribe(fields.ids("user_ids", 1, MAX_IDS));
      case "unsubscribe" -> new Unsubscribe(fields.ids("user_ids", 1, MAX_IDS));
      case "join_channel" ->
          new JoinChannel(
              fields.id("channel_id"),
              said(object, "metadata", MemberFields.metadata(object)),
              fields.optionalBoolean("hidden"));
      case "update_channel" -> {
        Patch<JsonNode> metadata = MemberFields.metadata(object);
        if (!metadata.said()) {
          throw new InvalidJsonException("metadata", "missing");
        }
        yield new UpdateChannel(fields.id("channel_id"), metadata.value());
      }
      case "leave_channel" -> new LeaveChannel(fields.id("channel_id"));
      case "watch_channel" -> new WatchChannel(fields.id("channel_id"));
      case "unwatch_channel" -> new UnwatchChannel(fields.id("channel_id"));
      case "start_viewing" -> open(object, fields, DocumentMode.VIEWING);
      case "start_editing" -> open(object, fields, DocumentMode.EDITING);
      case UPDATE_CURSOR -> move(object, fields);
      default -> new Unknown(type);
    };
  }

  /** Reads the object that a message is. */
  static JsonNode parse(byte[] json) throws InvalidJsonException {
    return Json.readObject(json);
  }

  /** The type of a message; null if it has none. */
  static @Nullable String type(JsonNode object) {
    JsonNode type = object.path("type");
    return type.isTextual() ? type.textValue() : null;
  }

  private static OpenDocument open(JsonNode object, Fields fields, DocumentMode mode)
      throws InvalidJsonException {
    JsonNode cursor = MemberFields.cursor(object);
    boolean none = cursor == null || cursor.isNull();
    return new OpenDocument(document(fields), mode, none ? null : cursor);
  }

  private static UpdateCursor move(JsonNode object, Fields fields) throws InvalidJsonException {
    JsonNode cursor = MemberFields.cursor(object);
    if (cursor == null) {
      throw new InvalidJsonException("cursor", "missing");
    }
    return new UpdateCursor(document(fields), cursor);
  }

  /** The channel that a document is. */
  private static String document(Fields fields) throws InvalidJsonException {
    return Fields.checkId("doc_id", DOCUMENT + fields.id("doc_id"));
  }

  private static <T> Patch<T> said(JsonNode object, String field, Patch<T> patch) {
    return object.path(field).isNull() ? Patch.keep() : patch;
  }
}
