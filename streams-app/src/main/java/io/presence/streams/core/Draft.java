package io.presence.streams.core;

import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.Reason;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A user's next state while it is being made: fields are set, then {@link #conclude} compares. */
final class Draft {
  private final UserState before;
  private final Rules rules;
  private final Moment moment;
  private final List<ClosedSession> ended = new ArrayList<>(1);
  private final List<SessionClock> over = new ArrayList<>(1);
  private List<Session> sessions;
  private List<Goodbye> goodbyes;

  @Nullable Claim claim;
  @Nullable String activity;
  @Nullable CustomStatus customStatus;
  Visibility visibility;
  @Nullable String device;
  boolean contactsChanged;
  @Nullable String contact;

  /** Whether what becomes visible or invisible does so by a claim, which nobody is told. */
  boolean byClaim;

  Draft(UserState before, Rules rules, Moment moment) {
    this.before = before;
    this.rules = rules;
    this.moment = moment;
    this.sessions = before.sessions();
    this.goodbyes = before.goodbyes();
    this.claim = before.claim();
    this.activity = before.activity();
    this.customStatus = before.customStatus();
    this.visibility = before.visibility();
    this.device = before.device();
  }

  boolean has(String name) {
    return indexOf(name) >= 0;
  }

  /** Whether the session is not open and there is no room for it. */
  boolean isFull(String name) {
    return sessions.size() >= Rules.MAX_SESSIONS && !has(name);
  }

  boolean declaredAway(String name) {
    return get(name).declaredAway();
  }

  String deviceOf(String name) {
    return get(name).device();
  }

  void open(String name, String onDevice, boolean away) {
    List<Session> copy = new ArrayList<>(sessions.size() + 1);
    copy.addAll(sessions);
    copy.add(
        new Session(
            name,
            onDevice,
            moment.timestamp(),
            away,
            false,
            new SessionClock(before.userId(), name)));
    sessions = copy;
    device = onDevice;
  }

  void rename(String name, @Nullable String toDevice) {
    Session session = get(name);
    if (toDevice != null && !toDevice.equals(session.device())) {
      set(name, session.on(toDevice));
    }
  }

  void hear(String name) {
    get(name).clock().hear(moment.now(), rules.ttl());
    before.pulse().beat(moment.timestamp());
  }

  /** The session is active: true if it was away until now. */
  boolean act(String name) {
    Session session = get(name);
    session.clock().act(moment.now(), rules);
    if (!session.away()) {
      return false;
    }
    set(name, session.online());
    device = session.device();
    return true;
  }

  /** The session is away: true if it was online until now. */
  boolean away(String name, boolean declared) {
    Session session = get(name);
    session.clock().idle(declared);
    if (!session.away() || (declared && !session.declaredAway())) {
      set(name, session.away(declared));
    }
    return !session.away();
  }

  void end(String name, Reason reason) {
    int index = indexOf(name);
    Session session = sessions.get(index);
    List<Session> copy = new ArrayList<>(sessions);
    copy.remove(index);
    sessions = copy;
    session.clock().close();
    over.add(session.clock());
    ended.add(
        new ClosedSession(
            session.name(),
            session.device(),
            session.startedAt(),
            Math.max(session.startedAt(), moment.timestamp()),
            reason));
    if (sessions.isEmpty()) {
      activity = null;
    }
  }

  void rememberGoodbye(String name) {
    List<Goodbye> copy = valid(name);
    if (copy.size() == Rules.MAX_SESSIONS) {
      copy.remove(0);
    }
    copy.add(new Goodbye(name, moment.now() + rules.ttl()));
    goodbyes = copy;
  }

  void forgetGoodbye(String name) {
    if (remembersGoodbye(name)) {
      goodbyes = valid(name);
    }
  }

  boolean remembersGoodbye(String name) {
    for (Goodbye goodbye : goodbyes) {
      if (goodbye.session().equals(name) && moment.now() < goodbye.until()) {
        return true;
      }
    }
    return false;
  }

  /** The goodbyes that still count, but for that of {@code except}. */
  private List<Goodbye> valid(String except) {
    List<Goodbye> copy = new ArrayList<>(goodbyes.size() + 1);
    for (Goodbye goodbye : goodbyes) {
      if (moment.now() < goodbye.until() && !goodbye.session().equals(except)) {
        copy.add(goodbye);
      }
    }
    return copy;
  }

  /** Sets the custom status, or when it expires, or both. */
  void text(Patch<String> text, @Nullable Patch<Duration> expiresIn) {
    CustomStatus current = customStatus;
    Duration in = expiresIn == null ? null : expiresIn.value();
    if (text.said()) {
      customStatus =
          text.value() == null
              ? null
              : new CustomStatus(text.value(), PresenceCore.expiry(in, moment));
    } else if (current != null && expiresIn != null && expiresIn.said()) {
      customStatus = new CustomStatus(current.text(), PresenceCore.expiry(in, moment));
    }
  }

  /** Compares with what was, and says what came of it. */
  Outcome conclude(Reason cause) {
    Presence was = before.shown();
    Status status = status();
    boolean seen = status != Status.OFFLINE && visibility != Visibility.NOBODY;
    boolean seenBefore = before.publiclySeen();
    boolean unhidden = before.visibility() == Visibility.NOBODY && visibility != Visibility.NOBODY;

    UserState.Frozen frozen = before.frozen();
    if (seenBefore && !seen) {
      frozen = new UserState.Frozen(before.pulse().lastSeen(), was.device(), moment.timestamp());
    }
    long since = status != was.status() || unhidden ? moment.timestamp() : before.since();

    String shownActivity = status == Status.OFFLINE ? null : activity;
    String shownText = customStatus == null ? null : customStatus.text();
    String shownDevice = status == Status.OFFLINE ? frozen.device() : device;
    Map<String, Status> devices = devices(status);
    boolean contentDiffers =
        status != was.status()
            || !Objects.equals(shownActivity, was.activity())
            || !Objects.equals(shownText, was.customStatus())
            || visibility != before.visibility()
            || contactsChanged;
    boolean devicesDiffer =
        !Objects.equals(shownDevice, was.device()) || !devices.equals(was.devices());
    boolean known = before.known() || seen;

    PresenceChange change = null;
    Presence shown = was;
    if (contentDiffers || devicesDiffer) {
      if (frozen.since() == 0) {
        frozen = new UserState.Frozen(frozen.lastSeen(), frozen.device(), moment.timestamp());
      }
      shown =
          new Presence(
              before.userId(),
              status,
              seen ? Long.valueOf(before.pulse().lastSeen()) : frozen.lastSeen(),
              shownDevice,
              shownText,
              shownActivity,
              status == Status.OFFLINE ? frozen.since() : since,
              Math.max(was.version() + 1, moment.timestamp()),
              devices);
      change =
          new PresenceChange(
              before.userId(),
              shown.version(),
              moment.timestamp(),
              reason(cause, was.status(), status, contentDiffers),
              was.status(),
              status,
              shown,
              visibility,
              contact);
    } else if (sessions.equals(before.sessions())
        && goodbyes.equals(before.goodbyes())
        && Objects.equals(claim, before.claim())
        && Objects.equals(activity, before.activity())
        && Objects.equals(customStatus, before.customStatus())
        && Objects.equals(device, before.device())) {
      return Outcome.unchanged(before);
    }
    UserState after =
        new UserState(
            before.userId(),
            Collections.unmodifiableList(sessions),
            Collections.unmodifiableList(goodbyes),
            claim,
            activity,
            customStatus,
            visibility,
            known,
            device,
            since,
            frozen,
            before.pulse(),
            shown,
            moment.offset());
    return new Outcome(after, false, change, ended, over, null);
  }

  private Reason reason(Reason cause, Status from, Status to, boolean contentDiffers) {
    if (byClaim && from != to && to == Status.OFFLINE) {
      return Reason.DISCONNECTED;
    }
    if (byClaim && from != to && from == Status.OFFLINE) {
      return Reason.CONNECTED;
    }
    if (!contentDiffers) {
      return Reason.DEVICES;
    }
    return from == Status.OFFLINE && to == Status.OFFLINE ? unseen(cause) : cause;
  }

  /** What sessions and claims do while one is shown offline is not told, whatever else changed. */
  private static Reason unseen(Reason cause) {
    return switch (cause) {
      case CONNECTED, HEARTBEAT, ACTIVE, IDLE, STATUS_CLEARED, DISCONNECTED, TIMED_OUT, DEVICES ->
          Reason.STATUS_SET;
      case STATUS_SET,
          STATUS_EXPIRED,
          VISIBILITY,
          CONTACT_ADDED,
          CONTACT_REMOVED,
          CONTACTS_SET,
          ERASED ->
          cause;
    };
  }

  private Status status() {
    if (sessions.isEmpty()) {
      return Status.OFFLINE;
    }
    Claim current = claim;
    if (current == null) {
      return UserState.derived(sessions);
    }
    return switch (current.status()) {
      case INVISIBLE -> Status.OFFLINE;
      case BUSY -> Status.BUSY;
      case AWAY -> Status.AWAY;
      case ONLINE -> throw new IllegalStateException("online is no claim");
    };
  }

  private Map<String, Status> devices(Status status) {
    if (status == Status.OFFLINE) {
      return Map.of();
    }
    if (sessions.size() == 1) {
      Session only = sessions.get(0);
      return Map.of(only.device(), statusOf(only, status));
    }
    Map<String, Status> devices = new TreeMap<>();
    for (Session session : sessions) {
      devices.merge(
          session.device(), statusOf(session, status), (a, b) -> a == Status.ONLINE ? a : b);
    }
    return Collections.unmodifiableMap(devices);
  }

  private Status statusOf(Session session, Status status) {
    if (claim != null) {
      return status;
    }
    return session.away() ? Status.AWAY : Status.ONLINE;
  }

  private int indexOf(String name) {
    for (int i = 0; i < sessions.size(); i++) {
      if (sessions.get(i).name().equals(name)) {
        return i;
      }
    }
    return -1;
  }

  private Session get(String name) {
    return sessions.get(indexOf(name));
  }

  private void set(String name, Session session) {
    List<Session> copy = new ArrayList<>(sessions);
    copy.set(indexOf(name), session);
    sessions = copy;
  }
}
