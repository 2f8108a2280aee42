package io.presence.schemas.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one JSON object, read one by one and checked. Every failure names the field, what
 * was expected and what came.
 */
public final class Fields {
  /** The most characters that an id has. */
  public static final int MAX_ID = 128;

  /** The most characters that the label of a device has. */
  public static final int MAX_DEVICE = 64;

  /** The most characters that the word for an activity has. */
  public static final int MAX_ACTIVITY = 64;

  /** The most characters (code points) that a custom status has. */
  public static final int MAX_CUSTOM_STATUS = 140;

  /** The longest time that a claim or a text can be given. */
  public static final Duration MAX_EXPIRY = Duration.ofDays(366);

  /** How the name of a session begins that was named by its device. */
  public static final String DEVICE_SESSION = "device:";

  private final JsonNode object;

  public Fields(JsonNode object) {
    this.object = object;
  }

  /** Whether the field is there, be it null. */
  public boolean has(String field) {
    return object.has(field);
  }

  /** An id: 1 to 128 characters of {@code A-Z a-z 0-9 . _ : @ -}. */
  public String id(String field) throws InvalidJsonException {
    String id = optionalId(field);
    if (id == null) {
      throw new InvalidJsonException(field, "missing");
    }
    return id;
  }

  /** An id, or null where the field is absent or null. */
  public @Nullable String optionalId(String field) throws InvalidJsonException {
    JsonNode node = object.get(field);
    return isNull(node) ? null : checkId(field, text(field, node));
  }

  /** The id of a session, which a caller may not begin with {@code device:}; or null. */
  public @Nullable String optionalSessionId(String field) throws InvalidJsonException {
    String id = optionalId(field);
    return id == null ? null : checkSessionId(field, id);
  }

  /** Ids without repetition, in their order; {@code max} at most. */
  public Set<String> ids(String field, int min, int max) throws InvalidJsonException {
    JsonNode node = object.get(field);
    if (isNull(node)) {
      throw new InvalidJsonException(field, "missing");
    }
    if (!node.isArray() || node.size() < min || node.size() > max) {
      throw new InvalidJsonException(
          field,
          "expected an array of "
              + min
              + " to "
              + max
              + " ids, got "
              + (node.isArray() ? node.size() + " of them" : kind(node)));
    }
    Set<String> ids = LinkedHashSet.newLinkedHashSet(node.size());
    int index = 0;
    for (JsonNode element : node) {
      String path = field + "[" + index++ + "]";
      ids.add(checkId(path, text(path, element)));
    }
    return ids;
  }

  /** The label of a device, or null. */
  public @Nullable String optionalDevice(String field) throws InvalidJsonException {
    JsonNode node = object.get(field);
    return isNull(node) ? null : checkDevice(field, text(field, node));
  }

  /** A true, a false, or null where the field is absent or null. */
  public @Nullable Boolean optionalBoolean(String field) throws InvalidJsonException {
    JsonNode node = object.get(field);
    if (isNull(node)) {
      return null;
    }
    if (!node.isBoolean()) {
      throw new InvalidJsonException(field, "expected true or false, got " + kind(node));
    }
    return node.booleanValue();
  }

  /** A true or a false. */
  public boolean bool(String field) throws InvalidJsonException {
    Boolean value = optionalBoolean(field);
    if (value == null) {
      throw new InvalidJsonException(field, "missing");
    }
    return value;
  }

  /** A whole number, 0 at least. */
  public long count(String field) throws InvalidJsonException {
    JsonNode node = object.get(field);
    if (isNull(node)) {
      throw new InvalidJsonException(field, "missing");
    }
    if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
      throw new InvalidJsonException(
          field, "expected a whole number from 0, got " + quote(node.toString()));
    }
    return node.longValue();
  }

  /** One of the given words. */
  public <T> T word(String field, Map<String, T> words) throws InvalidJsonException {
    JsonNode node = object.get(field);
    if (isNull(node)) {
      throw new InvalidJsonException(field, "missing");
    }
    String word = text(field, node);
    T value = words.get(word);
    if (value == null) {
      throw new InvalidJsonException(
          field,
          "expected one of "
              + words.keySet().stream().sorted().collect(Collectors.joining(", "))
              + ", got "
              + quote(word));
    }
    return value;
  }

  /** A custom status: up to 140 characters, none of them a control character. */
  public Patch<String> customStatus(String field) throws InvalidJsonException {
    JsonNode node = object.get(field);
    if (node == null) {
      return Patch.keep();
    }
    if (node.isNull()) {
      return Patch.clear();
    }
    String text = text(field, node);
    return text.isEmpty() ? Patch.clear() : Patch.set(checkText(field, text, MAX_CUSTOM_STATUS));
  }

  /** The word for an activity: letters, digits and {@code . _ : -}, 64 at most. */
  public Patch<String> activity(String field) throws InvalidJsonException {
    JsonNode node = object.get(field);
    if (node == null) {
      return Patch.keep();
    }
    if (node.isNull()) {
      return Patch.clear();
    }
    String word = text(field, node);
    if (word.isEmpty()) {
      return Patch.clear();
    }
    if (word.length() > MAX_ACTIVITY || !isIdText(word) || word.indexOf('@') >= 0) {
      throw new InvalidJsonException(
          field,
          "expected a word of at most "
              + MAX_ACTIVITY
              + " letters, digits or . _ : -, got "
              + quote(word));
    }
    return Patch.set(word);
  }

  /** A duration in seconds, more than none. */
  public Patch<Duration> expiry(String field) throws InvalidJsonException {
    JsonNode node = object.get(field);
    if (node == null) {
      return Patch.keep();
    }
    if (node.isNull()) {
      return Patch.clear();
    }
    Duration duration = seconds(field, node);
    if (duration.isZero()) {
      throw new InvalidJsonException(
          field, "expected at least 0.001 seconds, got " + quote(node.toString()));
    }
    return Patch.set(duration);
  }

  /** A duration in seconds, possibly none; null where the field is absent or null. */
  public @Nullable Duration optionalDuration(String field) throws InvalidJsonException {
    JsonNode node = object.get(field);
    return isNull(node) ? null : seconds(field, node);
  }

  /** The elements of an array of {@code min} to {@code max}. */
  public List<JsonNode> elements(String field, int min, int max) throws InvalidJsonException {
    JsonNode node = object.get(field);
    if (isNull(node)) {
      throw new InvalidJsonException(field, "missing");
    }
    if (!node.isArray() || node.size() < min || node.size() > max) {
      throw new InvalidJsonException(
          field,
          "expected an array of "
              + min
              + " to "
              + max
              + ", got "
              + (node.isArray() ? node.size() + " elements" : kind(node)));
    }
    List<JsonNode> elements = new ArrayList<>(node.size());
    node.forEach(elements::add);
    return elements;
  }

  /** Checks an id that came some other way, such as in a path. */
  public static String checkId(String field, String id) throws InvalidJsonException {
    if (id.isEmpty() || id.length() > MAX_ID || !isIdText(id)) {
      throw new InvalidJsonException(
          field,
          "expected 1 to " + MAX_ID + " characters of A-Z a-z 0-9 . _ : @ -, got " + quote(id));
    }
    return id;
  }

  /** Whether {@code id} is an id. */
  public static boolean isId(String id) {
    return !id.isEmpty() && id.length() <= MAX_ID && isIdText(id);
  }

  /** Checks the id of a session: an id that does not begin with {@code device:}. */
  public static String checkSessionId(String field, String id) throws InvalidJsonException {
    checkId(field, id);
    if (id.startsWith(DEVICE_SESSION)) {
      throw new InvalidJsonException(
          field, "must not begin with " + DEVICE_SESSION + ", got " + quote(id));
    }
    return id;
  }

  /** Checks the label of a device: 1 to 64 characters, none of them a control character. */
  public static String checkDevice(String field, String device) throws InvalidJsonException {
    if (device.isEmpty()) {
      throw new InvalidJsonException(
          field, "expected 1 to " + MAX_DEVICE + " characters, got none");
    }
    return checkText(field, device, MAX_DEVICE);
  }

  private static String checkText(String field, String text, int max) throws InvalidJsonException {
    int length = text.codePointCount(0, text.length());
    if (length > max) {
      throw new InvalidJsonException(
          field, "expected at most " + max + " characters, got " + length);
    }
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      if (Character.isISOControl(c)
          || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
        throw new InvalidJsonException(
            field,
            String.format(
                Locale.ROOT, "has the character U+%04X, which is not allowed, at %d", c, i));
      }
      i += Character.charCount(c);
    }
    return text;
  }

  private static Duration seconds(String field, JsonNode node) throws InvalidJsonException {
    if (!node.isNumber()) {
      throw new InvalidJsonException(field, "expected seconds as a number, got " + kind(node));
    }
    BigDecimal seconds = node.decimalValue();
    if (seconds.signum() < 0 || seconds.compareTo(BigDecimal.valueOf(MAX_EXPIRY.toSeconds())) > 0) {
      throw new InvalidJsonException(
          field,
          "expected 0 to " + MAX_EXPIRY.toSeconds() + " seconds, got " + quote(node.toString()));
    }
    return Duration.ofMillis(seconds.movePointRight(3).longValue());
  }

  private static boolean isIdText(String id) {
    for (int i = 0; i < id.length(); i++) {
      char c = id.charAt(i);
      boolean allowed =
          (c >= 'a' && c <= 'z')
              || (c >= '0' && c <= '9')
              || (c >= 'A' && c <= 'Z')
              || c == '.'
              || c == '_'
              || c == ':'
              || c == '@'
              || c == '-';
      if (!allowed) {
        return false;
      }
    }
    return true;
  }

  private static boolean isNull(@Nullable JsonNode node) {
    return node == null || node.isNull();
  }

  private static String text(String field, JsonNode node) throws InvalidJsonException {
    if (!node.isTextual()) {
      throw new InvalidJsonException(field, "expected a string, got " + kind(node));
    }
    return node.textValue();
  }

  private static String kind(JsonNode node) {
    return switch (node.getNodeType()) {
      case ARRAY -> "an array";
      case OBJECT -> "an object";
      case BOOLEAN -> node.asText();
      case NUMBER -> "a number";
      case NULL -> "null";
      case STRING -> "a string";
      case BINARY, MISSING, POJO -> "something else";
    };
  }

  /** What came, short enough for a message and free of what a terminal or a log would obey. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    int shown = Math.min(text.length(), 64);
    for (int i = 0; i < shown; i++) {
      char c = text.charAt(i);
      out.append(c < ' ' || c > '~' ? '?' : c);
    }
    return out.append(shown < text.length() ? "…\"" : "\"").toString();
  }
}
