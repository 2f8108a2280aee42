package io.presence.streams.model;

import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.PresenceState;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a log, topic by topic, each in its order.
 *
 * @param ticks how many ticks were asked for because more deadlines were due
 */
public record Outputs(
    List<PresenceChange> changes,
    List<State> states,
    List<Closed> sessions,
    List<DeadLetter> deadLetters,
    int ticks) {

  /**
   * A record of {@code presence-state}.
   *
   * @param state null for a tombstone
   */
  public record State(String userId, @Nullable PresenceState state) {}

  /** A record of {@code presence-sessions}. */
  public record Closed(String userId, ClosedSession session) {}

  /** A record of {@code presence-dead-letters}, as it came. */
  public record DeadLetter(@Nullable String key, @Nullable String value) {}

  /** Everything of this, and then of {@code next}. */
  public Outputs and(Outputs next) {
    return new Outputs(
        concat(changes, next.changes),
        concat(states, next.states),
        concat(sessions, next.sessions),
        concat(deadLetters, next.deadLetters),
        ticks + next.ticks);
  }

  private static <T> List<T> concat(List<T> first, List<T> second) {
    List<T> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }
}
