package io.presence.schemas.query;

/** Bytes that are no lookup, or not one that this version understands. */
public final class LookupFormatException extends Exception {
  private static final long serialVersionUID = 1;

  LookupFormatException(String message) {
    super(message);
  }
}
