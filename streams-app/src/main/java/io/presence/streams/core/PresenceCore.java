package io.presence.streams.core;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.OfSession;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.Reason;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The presence rules: what an event or a deadline makes of a user's state, and what others see
 * change. No clock, no I/O: the same input gives the same output.
 *
 * <p>Cost: one pass over the user's sessions; nothing is allocated for a heartbeat that changes
 * nothing.
 */
public final class PresenceCore {
  private final Rules rules;

  public PresenceCore(Rules rules) {
    this.rules = rules;
  }

  /** The rules in force. */
  public Rules rules() {
    return rules;
  }

  /**
   * Takes a heartbeat the fast way: moves the windows of an open session, if that is all it does.
   *
   * @param clock the session's
   * @param pulse its user's
   * @return false if it does more; then nothing was done
   */
  public boolean absorb(SessionClock clock, Pulse pulse, @Nullable Boolean active, Moment moment) {
    boolean counts = active != null ? active : !clock.declaredAway();
    if (counts && clock.away()) {
      return false;
    }
    clock.hear(moment.now(), rules.ttl());
    pulse.beat(moment.timestamp());
    if (counts) {
      clock.act(moment.now(), rules);
    }
    return true;
  }

  /** Applies an event that names a session. */
  public Outcome apply(UserState state, OfSession event, Moment moment) {
    return switch (event) {
      case Connected e -> connected(state, e, moment);
      case Heartbeat e -> heartbeat(state, e, moment);
      case Activity e -> alive(state, e, Boolean.TRUE, Reason.ACTIVE, moment);
      case StatusSet e -> statusSet(state, e, moment);
      case Disconnected e -> disconnected(state, e, moment);
    };
  }

  /** Sets who may see the user. */
  public Outcome visibility(UserState state, Visibility visibility, Moment moment) {
    if (state.visibility() == visibility) {
      return Outcome.unchanged(state);
    }
    Draft draft = new Draft(state, rules, moment);
    draft.visibility = visibility;
    return draft.conclude(Reason.VISIBILITY);
  }

  /**
   * Tells that the contacts changed, which they did.
   *
   * @param contact whom it is about; null if all were set
   */
  public Outcome contactsChanged(
      UserState state, Reason reason, @Nullable String contact, Moment moment) {
    Draft draft = new Draft(state, rules, moment);
    draft.contactsChanged = true;
    draft.contact = contact;
    return draft.conclude(reason);
  }

  /** Erases the user. */
  public Outcome erased(UserState state, Moment moment) {
    List<SessionClock> over = state.sessions().stream().map(Session::clock).toList();
    over.forEach(SessionClock::close);
    PresenceChange change =
        new PresenceChange(
            state.userId(),
            Math.max(state.shown().version() + 1, moment.timestamp()),
            moment.timestamp(),
            Reason.ERASED,
            state.shown().status(),
            Status.OFFLINE,
            null,
            state.visibility(),
            null);
    return new Outcome(null, false, change, List.of(), over, null);
  }

  /** A session's liveness window has closed. */
  public Outcome livenessClosed(UserState state, SessionClock clock, Moment moment) {
    Draft draft = new Draft(state, rules, moment);
    Reason reason = clock.leaving() ? Reason.DISCONNECTED : Reason.TIMED_OUT;
    draft.end(clock.session(), reason);
    return draft.conclude(reason);
  }

  /** A session's activity window has closed. */
  public Outcome activityClosed(UserState state, SessionClock clock, Moment moment) {
    Draft draft = new Draft(state, rules, moment);
    draft.away(clock.session(), false);
    return draft.conclude(Reason.IDLE);
  }

  /** A claim or a text has expired: the one whose turn it is, the claim first. */
  public Outcome expired(UserState state, Moment moment) {
    Draft draft = new Draft(state, rules, moment);
    draft.byClaim = true;
    Claim claim = state.claim();
    if (claim != null && claim.expiresAt() == state.nextExpiry()) {
      draft.claim = null;
      draft.activity = null;
    } else {
      draft.customStatus = null;
    }
    return draft.conclude(Reason.STATUS_EXPIRED);
  }

  /**
   * Gives a restored user's sessions new windows: whoever was there before a restart has a whole
   * window to be heard in.
   */
  public void reopen(UserState state, long now) {
    for (Session session : state.sessions()) {
      session.clock().hear(now, rules.ttl());
      if (session.away()) {
        session.clock().idle(session.declaredAway());
      } else {
        session.clock().act(now, rules);
      }
    }
  }

  private Outcome connected(UserState state, Connected event, Moment moment) {
    Draft draft = new Draft(state, rules, moment);
    String name = event.sessionName();
    if (draft.isFull(name)) {
      return tooManySessions(state);
    }
    draft.forgetGoodbye(name);
    if (draft.has(name)) {
      draft.rename(name, event.device());
    } else {
      draft.open(name, deviceOf(event), false);
    }
    draft.hear(name);
    draft.act(name);
    draft.device = draft.deviceOf(name);
    draft.text(event.customStatus(), null);
    return draft.conclude(Reason.CONNECTED);
  }

  private Outcome heartbeat(UserState state, Heartbeat event, Moment moment) {
    return alive(state, event, event.active(), Reason.HEARTBEAT, moment);
  }

  private Outcome alive(
      UserState state,
      OfSession event,
      @Nullable Boolean active,
      Reason reasonOfOpening,
      Moment moment) {
    String name = event.sessionName();
    Session open = state.session(name);
    if (open != null && absorb(open.clock(), state.pulse(), active, moment)) {
      return Outcome.unchanged(state);
    }
    Draft draft = new Draft(state, rules, moment);
    if (draft.has(name)) {
      draft.hear(name);
      draft.act(name);
      return draft.conclude(Reason.ACTIVE);
    }
    if (draft.remembersGoodbye(name)) {
      return Outcome.unchanged(state);
    }
    if (draft.isFull(name)) {
      return tooManySessions(state);
    }
    boolean away = Boolean.FALSE.equals(active);
    draft.open(name, deviceOf(event), away);
    draft.hear(name);
    if (!away) {
      draft.act(name);
    }
    return draft.conclude(reasonOfOpening);
  }

  private Outcome statusSet(UserState state, StatusSet event, Moment moment) {
    Draft draft = new Draft(state, rules, moment);
    draft.byClaim = true;
    String name = event.namesSession() ? event.sessionName() : null;
    boolean open = name != null && draft.has(name);
    if (open) {
      draft.hear(Objects.requireNonNull(name));
    }
    SetStatus wordBefore = wordOf(state.claim());
    Reason reason = Reason.STATUS_SET;
    if (event.scope() == Scope.SESSION && event.status() == SetStatus.AWAY) {
      if (open && draft.away(Objects.requireNonNull(name), true)) {
        reason = Reason.IDLE;
      }
    } else if (event.scope() == Scope.SESSION && event.status() == SetStatus.ONLINE) {
      boolean takesBack = open && draft.declaredAway(Objects.requireNonNull(name));
      if (open && draft.act(Objects.requireNonNull(name))) {
        reason = Reason.ACTIVE;
      }
      if (!takesBack && draft.claim != null) {
        draft.claim = null;
        reason = Reason.STATUS_CLEARED;
      }
    } else if (event.status() == SetStatus.ONLINE) {
      if (draft.claim != null) {
        draft.claim = null;
        reason = Reason.STATUS_CLEARED;
      }
    } else {
      draft.claim = new Claim(event.status(), expiry(event.expiresIn(), moment));
    }
    if (event.activity().said()) {
      draft.activity = event.activity().value();
    } else if (wordBefore != wordOf(draft.claim)) {
      draft.activity = null;
    }
    draft.text(event.customStatus(), event.customStatusExpiresIn());
    return draft.conclude(reason);
  }

  private Outcome disconnected(UserState state, Disconnected event, Moment moment) {
    Draft draft = new Draft(state, rules, moment);
    Duration grace = event.grace();
    if (grace == null || grace.isZero()) {
      if (event.all()) {
        for (Session session : state.sessions()) {
          draft.end(session.name(), Reason.DISCONNECTED);
          draft.rememberGoodbye(session.name());
        }
      } else {
        String name = event.sessionName();
        if (draft.has(name)) {
          draft.hear(name);
          draft.end(name, Reason.DISCONNECTED);
        }
        draft.rememberGoodbye(name);
      }
      return draft.conclude(Reason.DISCONNECTED);
    }
    long millis = Math.min(grace.toMillis(), rules.ttl());
    for (Session session : state.sessions()) {
      if (event.all()) {
        session.clock().leave(moment.now(), millis);
      } else if (session.name().equals(event.sessionName())) {
        session.clock().leave(moment.now(), millis);
        state.pulse().beat(moment.timestamp());
      }
    }
    return Outcome.unchanged(state);
  }

  private static SetStatus wordOf(@Nullable Claim claim) {
    return claim == null ? SetStatus.ONLINE : claim.status();
  }

  private static String deviceOf(OfSession event) {
    String device = event.device();
    return device == null ? PresenceEvent.DEFAULT_DEVICE : device;
  }

  static long expiry(@Nullable Duration in, Moment moment) {
    return in == null ? Claim.NEVER : moment.timestamp() + in.toMillis();
  }

  private static Outcome tooManySessions(UserState state) {
    return Outcome.refused(
        state, "the user has " + Rules.MAX_SESSIONS + " sessions, which is the most");
  }
}
