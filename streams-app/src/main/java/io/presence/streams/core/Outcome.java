package io.presence.streams.core;

import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.PresenceChange;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of an event or a deadline.
 *
 * @param after the state from now on; null if the user was erased
 * @param unchanged whether nothing has to be stored or sent
 * @param change what others see change; null if nothing
 * @param ended the sessions that are over, with what is to be kept of them; erased ones are only in
 *     {@code over}
 * @param over the clocks of all sessions that are over
 * @param refused why the event was not taken; null if it was
 */
public record Outcome(
    @Nullable UserState after,
    boolean unchanged,
    @Nullable PresenceChange change,
    List<ClosedSession> ended,
    List<SessionClock> over,
    @Nullable String refused) {

  static Outcome unchanged(UserState state) {
    return new Outcome(state, true, null, List.of(), List.of(), null);
  }

  static Outcome refused(UserState state, String why) {
    return new Outcome(state, true, null, List.of(), List.of(), why);
  }
}
