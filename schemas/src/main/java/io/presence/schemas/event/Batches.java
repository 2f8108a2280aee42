package io.presence.schemas.event;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the two codecs share: batches of heartbeats, and durations. */
final class Batches {
  private static final ObjectReader READER =
      Json.MAPPER.reader().with(StreamReadFeature.STRICT_DUPLICATE_DETECTION);

  /** Reads one entry, from its first token to its last. */
  @FunctionalInterface
  interface EntryReader<T> {
    T read(JsonParser parser, int index) throws IOException, InvalidJsonException;
  }

  private Batches() {}

  /**
   * Reads a batch that names its type first, in one pass.
   *
   * @return null if it is something else, or a batch that names it later
   */
  static <T> @Nullable List<T> readIfBatch(byte[] value, EntryReader<T> entryReader)
      throws InvalidJsonException {
    try (JsonParser parser = READER.createParser(value)) {
      if (parser.nextToken() == JsonToken.START_OBJECT
          && "type".equals(parser.nextFieldName())
          && "heartbeats".equals(parser.nextTextValue())) {
        return read(parser, entryReader);
      }
    } catch (IOException e) {
      throw new InvalidJsonException("", "not JSON");
    }
    return null;
  }

  /** Reads the entries of a batch that is a tree already. */
  static <T> List<T> read(@Nullable JsonNode array, EntryReader<T> entryReader)
      throws InvalidJsonException {
    if (array == null || !array.isArray()) {
      throw new InvalidJsonException(
          "entries", array == null || array.isNull() ? "missing" : "expected an array");
    }
    List<T> entries = new ArrayList<>(array.size());
    for (JsonNode element : array) {
      try (JsonParser parser = Json.MAPPER.treeAsTokens(element)) {
        parser.nextToken();
        entries.add(entryReader.read(parser, entries.size()));
      } catch (IOException e) {
        throw new InvalidJsonException("entries", "not JSON");
      }
    }
    return entries;
  }

  private static <T> List<T> read(JsonParser parser, EntryReader<T> entryReader)
      throws IOException, InvalidJsonException {
    List<T> entries = null;
    String field;
    while ((field = parser.nextFieldName()) != null) {
      if (field.equals("entries")) {
        JsonToken token = parser.nextToken();
        if (token != JsonToken.START_ARRAY) {
          throw new InvalidJsonException(
              "entries", token == JsonToken.VALUE_NULL ? "missing" : "expected an array");
        }
        entries = new ArrayList<>(64);
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          entries.add(entryReader.read(parser, entries.size()));
        }
      } else {
        parser.nextToken();
        parser.skipChildren();
      }
    }
    if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
      throw new InvalidJsonException("", "expected one JSON object");
    }
    if (entries == null) {
      throw new InvalidJsonException("entries", "missing");
    }
    return entries;
  }

  /** Skips what an entry has beyond what is known, from the token that the parser is at. */
  static void endEntry(JsonParser parser, int index) throws IOException, InvalidJsonException {
    while (parser.currentToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() == null) {
        throw entry(index, "is not closed");
      }
      parser.skipChildren();
      parser.nextToken();
    }
  }

  static @Nullable String optionalText(JsonParser parser, int index)
      throws IOException, InvalidJsonException {
    return switch (parser.nextToken()) {
      case VALUE_STRING -> parser.getText();
      case VALUE_NULL -> null;
      case null, default -> throw entry(index, "expected a string or null");
    };
  }

  static InvalidJsonException entry(int index, String expected) {
    return new InvalidJsonException("entries[" + index + "]", expected);
  }

  static void writeSeconds(JsonGenerator out, String field, @Nullable Duration duration)
      throws IOException {
    out.writeFieldName(field);
    if (duration == null) {
      out.writeNull();
    } else {
      out.writeNumber(
          BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros().toPlainString());
    }
  }
}
