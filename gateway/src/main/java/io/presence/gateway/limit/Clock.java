package io.presence.gateway.limit;

/** Nanoseconds that only ever go forward. */
@FunctionalInterface
public interface Clock {
  long nanos();

  /** The machine's. */
  static Clock system() {
    return System::nanoTime;
  }
}
