package io.presence.gateway.write;

/** Kafka did not say in time that it has an event; it may have it all the same. */
public final class LogUnavailableException extends Exception {
  private static final long serialVersionUID = 1;

  LogUnavailableException(Throwable cause) {
    super("Kafka has not acknowledged the event", cause);
  }
}
