package io.presence.standalone;

/** Why something could not be started, in one line: which setting, which path or port, and why. */
public final class StartException extends RuntimeException {
  private static final long serialVersionUID = 1;

  StartException(String message) {
    super(message);
  }

  StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
