package io.presence.streams;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEventCodec;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes the passing of time to the log, outside of any transaction: a tick in a transaction would
 * hold up the whole partition if its writer died.
 */
@FunctionalInterface
public interface Ticks {
  /** A tick, the same in all event topics. */
  byte[] TICK = PresenceEventCodec.write(new PresenceEvent.Tick());

  /** Appends a tick to a partition of an event topic, and does not wait for it. */
  void append(int partition);

  /** Whether the value of a record is a tick. */
  static boolean isTick(byte @Nullable [] value) {
    return Arrays.equals(TICK, value);
  }
}
