package io.presence.gateway.auth;

/** The caller has no token, or one that is not to be believed. */
public final class UnauthorizedException extends Exception {
  private static final long serialVersionUID = 1;

  public UnauthorizedException(String message) {
    super(message);
  }
}
