package io.presence.schemas.json;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;

/** The one JSON mapper: strict about what follows a value, silent about fields it does not know. */
public final class Json {
  public static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  private Json() {}

  /**
   * Reads one JSON object.
   *
   * @throws InvalidJsonException if {@code bytes} is no JSON, or something else than an object
   */
  public static JsonNode readObject(byte[] bytes) throws InvalidJsonException {
    JsonNode node;
    try {
      node = MAPPER.readTree(bytes);
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      throw new InvalidJsonException(
          "", at == null ? "not JSON" : "not JSON, from byte " + at.getByteOffset() + " on");
    } catch (IOException e) {
      throw new InvalidJsonException("", "not JSON");
    }
    if (node == null || !node.isObject()) {
      throw new InvalidJsonException("", "expected a JSON object");
    }
    return node;
  }
}
