package io.presence.schemas.json;

/** A JSON value that does not say what it should. The message is for the one who sent it. */
public final class InvalidJsonException extends Exception {
  private static final long serialVersionUID = 1;

  private final String field;

  /**
   * @param field the field at fault, as a path; empty for the whole value
   * @param expected what was expected, and what came
   */
  public InvalidJsonException(String field, String expected) {
    super(field.isEmpty() ? expected : field + ": " + expected);
    this.field = field;
  }

  /** The field at fault, as a path; empty for the whole value. */
  public String field() {
    return field;
  }
}
