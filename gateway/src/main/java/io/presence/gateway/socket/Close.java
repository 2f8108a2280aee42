package io.presence.gateway.socket;

import io.presence.gateway.auth.ForbiddenException;
import io.presence.gateway.auth.KeysUnavailableException;
import io.presence.gateway.auth.UnauthorizedException;
import io.presence.schemas.json.InvalidJsonException;

/**
 * Why the gateway closes a socket.
 *
 * @param reason for the one who reads it; 123 bytes at most
 */
record Close(int code, String reason) {
  static final int NORMAL = 1000;
  static final int GOING_AWAY = 1001;
  static final int NO_CODE = 1005;
  private static final int MAX_REASON = 120;

  static final Close BINARY = new Close(1003, "expected text");
  static final Close NOT_UTF8 = new Close(1007, "not UTF-8");
  static final Close TOO_LARGE =
      new Close(1009, "a message has " + Socket.MAX_MESSAGE_BYTES + " bytes at most");
  static final Close FAILED = new Close(1011, "an error on our side");
  static final Close EXPIRED = new Close(4401, "the token has expired");
  static final Close ORIGIN = new Close(4403, "pages of this origin may not connect");
  static final Close TOO_SLOW = new Close(4408, "reads too slowly");
  static final Close TOO_MANY_MESSAGES = new Close(4429, "too many messages");
  static final Close TOO_MANY_SOCKETS = new Close(4429, "too many sockets of this user");

  /** What becomes of a caller that is not let in. */
  static Close of(Exception refusal) {
    return switch (refusal) {
      case UnauthorizedException e -> new Close(4401, reason(e));
      case InvalidJsonException e -> new Close(4401, reason(e));
      case ForbiddenException e -> new Close(4403, reason(e));
      case KeysUnavailableException e -> new Close(1013, reason(e));
      default -> FAILED;
    };
  }

  private static String reason(Exception e) {
    String reason = String.valueOf(e.getMessage()).replaceAll("[^ -~]", "?");
    return reason.length() <= MAX_REASON ? reason : reason.substring(0, MAX_REASON);
  }
}
