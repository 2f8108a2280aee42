package io.presence.streams;

/**
 * Writes the passing of time to the log, outside of any transaction: a tick in a transaction would
 * hold up the whole partition if its writer died.
 */
@FunctionalInterface
public interface Ticks {
  /** Appends a tick to a partition of an event topic, and does not wait for it. */
  void append(int partition);
}
