package io.presence.streams.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.PresenceState;
import org.jspecify.annotations.Nullable;

/**
 * A subject held against a model: all that goes into one goes into the other, and all that comes
 * out must be the same.
 */
public final class Held implements Subject {
  private final Subject subject;
  private final Subject model;

  /** A restart forgets heartbeats, so that from then on {@code last_seen} may be an older one. */
  private boolean restarted;

  public Held(Subject subject, Subject model) {
    this.subject = subject;
    this.model = model;
  }

  @Override
  public void record(long timestamp, @Nullable String key, byte @Nullable [] value) {
    subject.record(timestamp, key, value);
    model.record(timestamp, key, value);
  }

  @Override
  public Outputs outputs() {
    Outputs actual = subject.outputs();
    Outputs expected = model.outputs();
    assertThat(actual.changes())
        .as("changes")
        .usingElementComparator((a, b) -> comparable(a).equals(comparable(b)) ? 0 : 1)
        .containsExactlyElementsOf(expected.changes());
    assertThat(actual.states())
        .as("states")
        .usingElementComparator((a, b) -> comparable(a).equals(comparable(b)) ? 0 : 1)
        .containsExactlyElementsOf(expected.states());
    assertThat(actual.sessions()).as("sessions").containsExactlyElementsOf(expected.sessions());
    assertThat(actual.deadLetters())
        .as("dead letters")
        .containsExactlyElementsOf(expected.deadLetters());
    assertThat(actual.ticks()).as("ticks").isEqualTo(expected.ticks());
    return actual;
  }

  @Override
  public @Nullable Presence lookup(@Nullable String requester, String userId) {
    Presence actual = subject.lookup(requester, userId);
    assertThat(comparable(actual))
        .as("%s as seen by %s", userId, requester)
        .isEqualTo(comparable(model.lookup(requester, userId)));
    return actual;
  }

  @Override
  public void restart() {
    restarted = true;
    subject.restart();
    model.restart();
  }

  @Override
  public void close() {
    subject.close();
    model.close();
  }

  private PresenceChange comparable(PresenceChange change) {
    return new PresenceChange(
        change.userId(),
        change.version(),
        change.at(),
        change.reason(),
        change.from(),
        change.to(),
        comparable(change.presence()),
        change.visibility(),
        change.contact());
  }

  private Outputs.State comparable(Outputs.State state) {
    PresenceState value = state.state();
    if (value == null) {
      return state;
    }
    Presence presence = comparable(value.presence());
    return presence == null
        ? state
        : new Outputs.State(state.userId(), new PresenceState(presence, value.visibility()));
  }

  private @Nullable Presence comparable(@Nullable Presence presence) {
    return presence == null || !restarted
        ? presence
        : new Presence(
            presence.userId(),
            presence.status(),
            null,
            presence.device(),
            presence.customStatus(),
            presence.activity(),
            presence.since(),
            presence.version(),
            presence.devices());
  }
}
