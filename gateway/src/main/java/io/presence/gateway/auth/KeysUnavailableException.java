package io.presence.gateway.auth;

/** Nobody can be believed now, for the keys cannot be had. */
public final class KeysUnavailableException extends Exception {
  private static final long serialVersionUID = 1;

  KeysUnavailableException(Throwable cause) {
    super("the keys that tokens are signed with cannot be had", cause);
  }
}
