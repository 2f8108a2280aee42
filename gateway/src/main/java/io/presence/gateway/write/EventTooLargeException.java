package io.presence.gateway.write;

/** An event that no broker would take. */
public final class EventTooLargeException extends Exception {
  private static final long serialVersionUID = 1;

  EventTooLargeException(int size, int max) {
    super("an event of " + size + " bytes; at most " + max + " are taken");
  }
}
