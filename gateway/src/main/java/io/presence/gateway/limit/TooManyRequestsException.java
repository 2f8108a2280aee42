package io.presence.gateway.limit;

import java.time.Duration;

/** Someone asks for too much. */
public final class TooManyRequestsException extends Exception {
  private static final long serialVersionUID = 1;

  private final Duration retryAfter;

  TooManyRequestsException(String what, Duration retryAfter) {
    super("too many " + what + "; try again later");
    this.retryAfter = retryAfter;
  }

  /** When to try again. */
  public Duration retryAfter() {
    return retryAfter;
  }
}
