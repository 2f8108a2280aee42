package io.presence.gateway.auth;

/** The caller is known, and may not do this. */
public final class ForbiddenException extends Exception {
  private static final long serialVersionUID = 1;

  public ForbiddenException(String message) {
    super(message);
  }
}
