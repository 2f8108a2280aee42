package io.presence.gateway.http;

import io.javalin.http.Context;
import io.presence.gateway.auth.ForbiddenException;
import io.presence.gateway.auth.Identity;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One call by someone: its parts, checked when they are read. */
public final class Call {
  /** The most bytes of a body. */
  static final int MAX_BODY_BYTES = 1024 * 1024;

  private static final long MAX_SKIPPED_BYTES = 4L * MAX_BODY_BYTES;
  private static final int DEFAULT_PAGE = 100;
  private static final int MAX_PAGE = 1_000;
  private static final int MAX_AFTER = 512;

  private static final byte[] EMPTY_OBJECT = {'{', '}'};

  private final Context context;
  private final Identity identity;

  Call(Context context, Identity identity) {
    this.context = context;
    this.identity = identity;
  }

  /** Who calls. */
  Identity identity() {
    return identity;
  }

  /** An id in the path. */
  String id(String name) throws InvalidJsonException {
    return Fields.checkId(name, context.pathParam(name));
  }

  /** The user in the path, for whom the caller speaks. */
  String ownId() throws InvalidJsonException, ForbiddenException {
    String id = id("id");
    if (!identity.speaksFor(id)) {
      throw new ForbiddenException("this is for " + id + " or a service");
    }
    return id;
  }

  /** The user in the path, for an admin. */
  String anyId() throws InvalidJsonException, ForbiddenException {
    String id = id("id");
    if (!identity.admin()) {
      throw new ForbiddenException("this is for an admin");
    }
    return id;
  }

  /** A parameter of the query; null if it is not there. */
  @Nullable String query(String name) {
    return context.queryParam(name);
  }

  /** Ids of the query, with commas between: 1 to {@code max}, without repetition. */
  public static Set<String> ids(String name, @Nullable String text, int max)
      throws InvalidJsonException {
    if (text == null || text.isEmpty()) {
      throw new InvalidJsonException(name, "missing");
    }
    String[] parts = text.split(",", max + 1);
    if (parts.length > max) {
      throw new InvalidJsonException(name, "expected 1 to " + max + " ids, got more");
    }
    Set<String> ids = LinkedHashSet.newLinkedHashSet(parts.length);
    for (int i = 0; i < parts.length; i++) {
      ids.add(Fields.checkId(name + "[" + i + "]", parts[i]));
    }
    return ids;
  }

  /** As whom the caller reads. */
  @Nullable String requester(@Nullable String named)
      throws InvalidJsonException, ForbiddenException {
    return identity.readsAs(named == null ? null : Fields.checkId("requester_id", named));
  }

  /** How many elements a page is to have. */
  int limit() throws InvalidJsonException {
    String text = query("limit");
    if (text == null) {
      return DEFAULT_PAGE;
    }
    try {
      int limit = Integer.parseInt(text);
      if (limit >= 1 && limit <= MAX_PAGE) {
        return limit;
      }
    } catch (NumberFormatException e) {
      // told below, as what is out of bounds
    }
    throw new InvalidJsonException("limit", "expected a number from 1 to " + MAX_PAGE);
  }

  /** Where a page begins; null for the first. */
  @Nullable String after() throws InvalidJsonException {
    String after = query("after");
    if (after != null && after.length() > MAX_AFTER) {
      throw new InvalidJsonException("after", "not one that an answer gave");
    }
    return after;
  }

  /** The body, a JSON object; without one, as if it were empty. */
  Fields body() throws InvalidJsonException, ProblemException, IOException {
    return new Fields(Json.readObject(json()));
  }

  /** The bytes of the body, which say that they are JSON; without one, those of an empty object. */
  byte[] json() throws ProblemException, IOException {
    byte[] bytes = bytes();
    if (bytes.length == 0) {
      return EMPTY_OBJECT.clone();
    }
    checkContentType();
    return bytes;
  }

  private byte[] bytes() throws ProblemException, IOException {
    try (InputStream in = context.req().getInputStream()) {
      boolean large = context.req().getContentLengthLong() > MAX_BODY_BYTES;
      byte[] bytes = large ? new byte[0] : in.readNBytes(MAX_BODY_BYTES + 1);
      if (large || bytes.length > MAX_BODY_BYTES) {
        skip(in);
        throw tooLarge();
      }
      return bytes;
    }
  }

  /** Reads some more: one who is cut off while sending does not get to read why. */
  private static void skip(InputStream in) throws IOException {
    byte[] skipped = new byte[8 * 1024];
    int read = 0;
    for (long left = MAX_SKIPPED_BYTES; left > 0 && read >= 0; left -= read) {
      read = in.read(skipped);
    }
  }

  /**
   * From a web page only JSON that says it is JSON is taken: a page of someone else's can make a
   * browser send all other kinds without asking first. Programs may leave the type out, and take
   * what {@code curl -d} says for nothing said.
   */
  private void checkContentType() throws ProblemException {
    String type = context.req().getContentType();
    String media = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    boolean json = media.equals("application/json") || media.endsWith("+json");
    boolean unsaid = media.isEmpty() || media.equals("application/x-www-form-urlencoded");
    if (!json && !(unsaid && context.req().getHeader("Origin") == null)) {
      throw new ProblemException(415, "expected Content-Type: application/json");
    }
  }

  private static ProblemException tooLarge() {
    return new ProblemException(413, "a body has " + MAX_BODY_BYTES + " bytes at most");
  }
}
