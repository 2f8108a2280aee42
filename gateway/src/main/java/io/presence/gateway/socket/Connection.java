package io.presence.gateway.socket;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A socket or an event stream, as the wheel and the drain see it. */
interface Connection {

  /** Whom it is counted for; null: nobody. */
  @Nullable String owner();

  /** Its turn in the wheel has come: it looks whether the other end is there, and asks again. */
  void beat(long nanos);

  /** Ends it, with the advice to come back after so long. */
  void drain(Duration retryAfter);
}
