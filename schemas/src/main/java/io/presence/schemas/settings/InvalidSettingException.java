package io.presence.schemas.settings;

/** A setting that cannot be worked with. The message names it and says what was expected. */
public final class InvalidSettingException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public InvalidSettingException(String message) {
    super(message);
  }
}
