package io.presence.streams.core;

/**
 * An open session.
 *
 * @param name its id, else {@code device:} and the device
 * @param startedAt when it was opened, in milliseconds since the epoch
 * @param away whether it is away, for whatever reason
 * @param declaredAway whether it said so itself
 * @param clock its windows
 */
public record Session(
    String name,
    String device,
    long startedAt,
    boolean away,
    boolean declaredAway,
    SessionClock clock) {

  Session online() {
    return new Session(name, device, startedAt, false, false, clock);
  }

  Session away(boolean declared) {
    return new Session(name, device, startedAt, true, declared, clock);
  }

  Session on(String otherDevice) {
    return new Session(name, otherDevice, startedAt, away, declaredAway, clock);
  }
}
