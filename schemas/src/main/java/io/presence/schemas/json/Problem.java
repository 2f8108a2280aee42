package io.presence.schemas.json;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An error as {@code application/problem+json} (RFC 9457), of the type {@code about:blank}: its
 * title is that of its status.
 *
 * @param detail what went wrong, for the one who gets it
 * @param errors what is wrong where; may be empty
 */
public record Problem(int status, String detail, List<Fault> errors) {
  /** The media type. */
  public static final String CONTENT_TYPE = "application/problem+json";

  /**
   * One thing that is wrong.
   *
   * @param index the place in the list that was sent; null if there is no list
   * @param field the field, as a path; empty for the whole
   */
  public record Fault(@Nullable Integer index, String field, String message) {}

  public Problem(int status, String detail) {
    this(status, detail, List.of());
  }

  /** The problem of one field. */
  public static Problem of(int status, InvalidJsonException e) {
    String message = e.getMessage();
    String detail = message == null ? "invalid" : message;
    return new Problem(status, detail, List.of(new Fault(null, e.field(), detail)));
  }

  /** What the status means. */
  public String title() {
    return switch (status) {
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 408 -> "Request Timeout";
      case 413 -> "Content Too Large";
      case 415 -> "Unsupported Media Type";
      case 421 -> "Misdirected Request";
      case 429 -> "Too Many Requests";
      case 431 -> "Request Header Fields Too Large";
      case 500 -> "Internal Server Error";
      case 503 -> "Service Unavailable";
      default -> "Error";
    };
  }

  /** The body. */
  public byte[] toJson() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(160);
    try (JsonGenerator out = Json.MAPPER.getFactory().createGenerator(bytes)) {
      out.writeStartObject();
      out.writeStringField("type", "about:blank");
      out.writeStringField("title", title());
      out.writeNumberField("status", status);
      out.writeStringField("detail", detail);
      if (!errors.isEmpty()) {
        out.writeArrayFieldStart("errors");
        for (Fault fault : errors) {
          out.writeStartObject();
          if (fault.index() != null) {
            out.writeNumberField("index", fault.index());
          }
          out.writeStringField("field", fault.field());
          out.writeStringField("message", fault.message());
          out.writeEndObject();
        }
        out.writeEndArray();
      }
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
