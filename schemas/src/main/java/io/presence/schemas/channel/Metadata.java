package io.presence.schemas.channel;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.io.IOException;

/** What others add to memberships and cursors: JSON of their own, within bounds. */
public final class Metadata {
  /** The most bytes that a member's metadata has, as compact JSON in UTF-8. */
  public static final int MAX_BYTES = 4 * 1024;

  /** The most bytes that a cursor has, as compact JSON in UTF-8. */
  public static final int MAX_CURSOR_BYTES = 1024;

  /** How many objects and arrays may be in one another. */
  public static final int MAX_DEPTH = 32;

  private Metadata() {}

  /**
   * Checks a member's metadata: an object within the bounds.
   *
   * @throws InvalidJsonException naming {@code field} if it is anything else
   */
  public static JsonNode check(String field, JsonNode metadata) throws InvalidJsonException {
    if (!metadata.isObject()) {
      throw new InvalidJsonException(field, "expected an object or null");
    }
    return checkBounds(field, metadata, MAX_BYTES);
  }

  /**
   * Checks a cursor: any JSON value within the bounds.
   *
   * @throws InvalidJsonException naming {@code field} if it is beyond them
   */
  public static JsonNode checkCursor(String field, JsonNode cursor) throws InvalidJsonException {
    return checkBounds(field, cursor, MAX_CURSOR_BYTES);
  }

  /** Compact JSON in UTF-8, of something that was checked. */
  public static byte[] write(JsonNode checked) {
    try {
      return Json.MAPPER.writeValueAsBytes(checked);
    } catch (IOException e) {
      throw new IllegalArgumentException("not checked", e);
    }
  }

  private static JsonNode checkBounds(String field, JsonNode node, int max)
      throws InvalidJsonException {
    if (isDeeper(node, MAX_DEPTH)) {
      throw new InvalidJsonException(field, "expected a depth of at most " + MAX_DEPTH);
    }
    int length;
    try {
      length = Json.MAPPER.writeValueAsBytes(node).length;
    } catch (IOException e) {
      throw new InvalidJsonException(field, "cannot be written as JSON");
    }
    if (length > max) {
      throw new InvalidJsonException(field, "expected at most " + max + " bytes, got " + length);
    }
    return node;
  }

  private static boolean isDeeper(JsonNode node, int depth) {
    if (!node.isContainerNode()) {
      return false;
    }
    if (depth == 0) {
      return true;
    }
    for (JsonNode child : node) {
      if (isDeeper(child, depth - 1)) {
        return true;
      }
    }
    return false;
  }
}
