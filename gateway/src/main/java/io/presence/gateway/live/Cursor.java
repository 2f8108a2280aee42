package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Where someone's cursor is in a document, as a record of {@code channel-cursors} says.
 *
 * @param sessionId the session that moved it; null if that is not said
 * @param at the time of the record, in milliseconds
 */
record Cursor(String userId, @Nullable String sessionId, long at, Message message) {
  /** How the id of a channel begins that is a document. */
  static final String DOCUMENT = "doc:";

  /** How old one may be beside the membership it belongs to: brokers' clocks differ. */
  private static final long TOLERANCE_MS = 1_000;

  /**
   * Reads one.
   *
   * @return null if it is of no document
   * @throws IOException if it is no cursor
   */
  static @Nullable Cursor read(String channelId, byte[] json, @Nullable String sessionId, long at)
      throws IOException {
    if (!channelId.startsWith(DOCUMENT)) {
      return null;
    }
    String userId = "";
    int start = -1;
    int end = -1;
    try (JsonParser in = Json.MAPPER.createParser(json)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a cursor");
      }
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        JsonToken token = in.nextToken();
        switch (field) {
          case "user_id" -> userId = in.getText();
          case "cursor" -> {
            start = (int) in.currentTokenLocation().getByteOffset();
            in.skipChildren();
            // A text is read when it is asked for, and only then is it known where it ends.
            end =
                token.isStructEnd() || token.isStructStart() || token == JsonToken.VALUE_STRING
                    ? end(in, token)
                    : start + in.getTextLength();
          }
          default -> in.skipChildren();
        }
      }
    }
    if (!Fields.isId(userId) || start < 0) {
      throw new IOException("not a cursor");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(128 + end - start);
    out.writeBytes(
        ("{\"type\":\"cursor\",\"doc_id\":\""
                + channelId.substring(DOCUMENT.length())
                + "\",\"user_id\":\""
                + userId
                + "\",\"cursor\":")
            .getBytes(UTF_8));
    out.write(json, start, end - start);
    out.write('}');
    return new Cursor(userId, sessionId, at, new Message("cursor", out.toByteArray()));
  }

  /** Whether it belongs to a membership that began then. */
  boolean isOf(long joinedAt) {
    return at + TOLERANCE_MS >= joinedAt;
  }

  private static int end(JsonParser in, JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_STRING) {
      in.finishToken();
    }
    return (int) in.currentLocation().getByteOffset();
  }
}
