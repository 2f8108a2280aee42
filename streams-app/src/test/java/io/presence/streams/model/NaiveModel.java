package io.presence.streams.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.ContactAdded;
import io.presence.schemas.event.PresenceEvent.ContactRemoved;
import io.presence.schemas.event.PresenceEvent.ContactsSet;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.Interest;
import io.presence.schemas.event.PresenceEvent.Lease;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEvent.Tick;
import io.presence.schemas.event.PresenceEvent.VisibilitySet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.PresenceState;
import io.presence.schemas.presence.Reason;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import io.presence.schemas.topic.Partitioning;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The presence rules for one partition, as plainly as they can be said. For each record it scans
 * every session of every user for what is due; nothing is indexed, armed or cached.
 */
public final class NaiveModel implements Subject {
  private static final int MAX_FIRED = 5_000;
  private static final int MAX_SESSIONS = 1_000;
  private static final int MAX_GOODBYES = 1_000;

  private static final class User {
    final String id;
    final List<Session> sessions = new ArrayList<>();
    final List<Goodbye> goodbyes = new ArrayList<>();
    final Set<String> contacts = new TreeSet<>();
    @Nullable SetStatus claim;
    @Nullable Long claimExpiry;
    @Nullable String activity;
    @Nullable String customStatus;
    @Nullable Long customStatusExpiry;
    Visibility visibility = Visibility.EVERYONE;

    /** The device last opened or last become online. */
    @Nullable String device;

    /** When the latest record came that named a session. */
    @Nullable Long lastSeen;

    /** When the shown status began. */
    long since;

    long version;

    boolean everPubliclySeen;
    @Nullable Long frozenLastSeen;
    @Nullable String frozenDevice;
    @Nullable Long frozenSince;

    /** Whether anything is kept of the user, be it only that it was once. */
    boolean stored;

    User(String id) {
      this.id = id;
    }
  }

  private static final class Session {
    final String name;
    final long startedAt;
    String device;
    boolean away;
    boolean declaredAway;

    /** Presence times. */
    long heard;

    long active;
    @Nullable Long grace;

    Session(String name, String device, long startedAt) {
      this.name = name;
      this.device = device;
      this.startedAt = startedAt;
    }
  }

  private record Goodbye(String session, long at) {}

  /** What others see, and what a change is told by. */
  private record Shown(
      Status status,
      @Nullable String activity,
      @Nullable String customStatus,
      @Nullable String device,
      Map<String, Status> devices,
      Visibility visibility) {

    boolean publiclySeen() {
      return status != Status.OFFLINE && visibility != Visibility.NOBODY;
    }

    boolean sameButForDevices(Shown other) {
      return status == other.status
          && Objects.equals(activity, other.activity)
          && Objects.equals(customStatus, other.customStatus)
          && visibility == other.visibility;
    }
  }

  /** In the order in which they fire, other things being equal. */
  private enum Kind {
    LIVENESS,
    ACTIVITY,
    CLAIM,
    CUSTOM_STATUS
  }

  private record Due(long deadline, User user, @Nullable Session session, Kind kind) {
    static final Comparator<Due> ORDER =
        Comparator.comparingLong(Due::deadline)
            .thenComparing(due -> due.user.id)
            .thenComparing(due -> due.session == null ? "" : due.session.name)
            .thenComparing(Due::kind);
  }

  private final Rules rules;
  private final Map<String, User> users = new TreeMap<>();

  /** Presence time, and when it had to be clamped. */
  private long now;

  private final List<Long> holes = new ArrayList<>();

  /** Presence time as it was stored: once in each second of it. */
  private long storedTime;

  /** The highest version of any user that was erased: a new user's versions go on from it. */
  private long erasedVersion;

  /** The timestamp of the record before this one. */
  private @Nullable Long before;

  /** The same of the last tick, and presence time then. */
  private @Nullable Long ticked;

  private long nowWhenTicked;

  /** The same as they were stored with presence time. */
  private @Nullable Long storedTick;

  private long storedNowWhenTicked;

  private Outputs outputs = none();

  public NaiveModel(Rules rules) {
    this.rules = rules;
  }

  @Override
  public Outputs outputs() {
    Outputs all = outputs;
    outputs = none();
    return all;
  }

  @Override
  public @Nullable Presence lookup(@Nullable String requester, String userId) {
    User user = users.get(userId);
    if (user == null) {
      return null;
    }
    boolean known =
        user.everPubliclySeen || shown(user).status != Status.OFFLINE || user.customStatus != null;
    boolean contact = requester != null && user.contacts.contains(requester);
    return known && user.visibility.permits(requester, userId, contact) ? presence(user) : null;
  }

  @Override
  public void restart() {
    before = null;
    ticked = storedTick;
    nowWhenTicked = storedNowWhenTicked;
    now = storedTime;
    holes.clear();
    for (User user : users.values()) {
      for (Session session : user.sessions) {
        session.heard = now;
        session.grace = null;
        if (!session.away) {
          session.active = now;
        }
      }
    }
  }

  @Override
  public void close() {}

  @Override
  public void record(long timestamp, @Nullable String key, byte @Nullable [] value) {
    PresenceEvent event;
    try {
      event = value == null ? null : PresenceEventCodec.read(value);
    } catch (InvalidJsonException e) {
      event = null;
    }
    advance(timestamp, event instanceof Tick);
    fire(timestamp);
    if (event == null || !belongs(key, event) || !apply(timestamp, key, event)) {
      outputs.deadLetters().add(new Outputs.DeadLetter(key, text(value)));
    }
    for (User user : users.values()) {
      user.stored |= !isEmpty(user);
    }
    if (now / 1_000 != storedTime / 1_000) {
      storeTime();
    }
  }

  private void storeTime() {
    storedTime = now;
    storedTick = ticked;
    storedNowWhenTicked = nowWhenTicked;
  }

  private boolean belongs(@Nullable String key, PresenceEvent event) {
    return !(event instanceof OfUser ofUser)
        || (ofUser.userId().equals(key) && onThisPartition(ofUser.userId()));
  }

  private boolean onThisPartition(String userId) {
    return Partitioning.partitionOf(userId, rules.partitions()) == 0;
  }

  private void advance(long timestamp, boolean isTick) {
    if (before != null) {
      long step = timestamp - before;
      long wouldBe = now + Math.max(0, Math.min(rules.stallThreshold(), step));
      boolean clamped = step > rules.stallThreshold();
      if (ticked != null && timestamp > ticked + rules.stallThreshold()) {
        wouldBe = Math.max(now, Math.min(wouldBe, nowWhenTicked + rules.stallThreshold()));
        clamped = true;
      }
      now = wouldBe;
      if (clamped) {
        holes.add(now);
      }
    }
    before = timestamp;
    if (isTick) {
      ticked = timestamp;
      nowWhenTicked = now;
    }
  }

  // Deadlines

  private void fire(long timestamp) {
    List<Due> due = new ArrayList<>();
    for (User user : users.values()) {
      for (Session session : user.sessions) {
        due.add(new Due(livenessDeadline(session), user, session, Kind.LIVENESS));
        if (!session.away) {
          due.add(new Due(session.active + rules.awayAfter(), user, session, Kind.ACTIVITY));
        }
      }
    }
    due.removeIf(window -> now < window.deadline);
    due.sort(Due.ORDER);

    List<Due> expiries = new ArrayList<>();
    for (User user : users.values()) {
      if (user.claimExpiry != null) {
        expiries.add(new Due(user.claimExpiry, user, null, Kind.CLAIM));
      }
      if (user.customStatusExpiry != null) {
        expiries.add(new Due(user.customStatusExpiry, user, null, Kind.CUSTOM_STATUS));
      }
    }
    expiries.removeIf(expiry -> timestamp < expiry.deadline);
    expiries.sort(Due.ORDER);
    due.addAll(expiries);

    int fired = 0;
    for (Due next : due) {
      if (next.session != null && !next.user.sessions.contains(next.session)) {
        continue;
      }
      if (fired == MAX_FIRED) {
        outputs = outputs.and(new Outputs(List.of(), List.of(), List.of(), List.of(), 1));
        return;
      }
      fired++;
      fire(timestamp, next);
    }
  }

  private void fire(long timestamp, Due due) {
    User user = due.user;
    Shown shown = shown(user);
    switch (due.kind) {
      case LIVENESS -> {
        Session session = Objects.requireNonNull(due.session);
        Reason reason = session.grace == null ? Reason.TIMED_OUT : Reason.DISCONNECTED;
        end(user, session, timestamp, reason);
        settle(timestamp, user, shown, reason);
      }
      case ACTIVITY -> {
        Objects.requireNonNull(due.session).away = true;
        settle(timestamp, user, shown, Reason.IDLE);
      }
      case CLAIM -> {
        user.claim = null;
        user.claimExpiry = null;
        user.activity = null;
        settleClaim(timestamp, user, shown, Reason.STATUS_EXPIRED);
      }
      case CUSTOM_STATUS -> {
        user.customStatus = null;
        user.customStatusExpiry = null;
        settle(timestamp, user, shown, Reason.STATUS_EXPIRED);
      }
    }
  }

  private long livenessDeadline(Session session) {
    long deadline = session.heard + (session.grace != null ? session.grace : rules.heartbeatTtl());
    for (long hole : holes) {
      if (hole > session.heard) {
        return Math.max(deadline, hole + rules.heartbeatTtl());
      }
    }
    return deadline;
  }

  // Events

  /** False if the event would pass a limit; nothing has happened then. */
  private boolean apply(long timestamp, @Nullable String key, PresenceEvent event) {
    return switch (event) {
      case Connected e -> connected(timestamp, e);
      case Heartbeat e -> heartbeat(timestamp, e);
      case Heartbeats e -> {
        List<Heartbeat> refused = new ArrayList<>();
        for (Heartbeat entry : e.entries()) {
          if (!onThisPartition(entry.userId()) || !heartbeat(timestamp, entry)) {
            refused.add(entry);
          }
        }
        if (!refused.isEmpty()) {
          byte[] alone = PresenceEventCodec.write(new Heartbeats(refused));
          outputs.deadLetters().add(new Outputs.DeadLetter(key, text(alone)));
        }
        yield true;
      }
      case Activity e -> activity(timestamp, e);
      case StatusSet e -> {
        status(timestamp, e);
        yield true;
      }
      case Disconnected e -> {
        disconnected(timestamp, e);
        yield true;
      }
      case VisibilitySet e -> {
        User user = user(e.userId());
        Shown shown = shown(user);
        user.visibility = e.visibility();
        settle(timestamp, user, shown, Reason.VISIBILITY);
        yield true;
      }
      case ContactAdded e -> {
        User user = user(e.userId());
        boolean there = user.contacts.contains(e.contact());
        if (!there && user.contacts.size() == PresenceEventCodec.MAX_CONTACTS) {
          yield false;
        }
        if (!there) {
          user.contacts.add(e.contact());
          change(timestamp, user, shown(user), Reason.CONTACT_ADDED, e.contact());
        }
        yield true;
      }
      case ContactRemoved e -> {
        User user = user(e.userId());
        if (user.contacts.remove(e.contact())) {
          change(timestamp, user, shown(user), Reason.CONTACT_REMOVED, e.contact());
        }
        yield true;
      }
      case ContactsSet e -> {
        User user = user(e.userId());
        if (!user.contacts.equals(e.contacts())) {
          user.contacts.clear();
          user.contacts.addAll(e.contacts());
          change(timestamp, user, shown(user), Reason.CONTACTS_SET, null);
        }
        yield true;
      }
      case Erased e -> {
        erased(timestamp, e);
        yield true;
      }
      // Who is told of changes changes nothing.
      case Interest e -> true;
      case Lease e -> true;
      case Tick e -> true;
    };
  }

  private boolean connected(long timestamp, Connected event) {
    User user = user(event.userId());
    Shown shown = shown(user);
    Session session = session(user, event.sessionName());
    if (session == null) {
      session = open(timestamp, user, event.sessionName(), event.device());
      if (session == null) {
        return false;
      }
    } else if (event.device() != null) {
      session.device = event.device();
    }
    user.goodbyes.removeIf(goodbye -> goodbye.session.equals(event.sessionName()));
    feed(timestamp, user, session);
    active(user, session);
    user.device = session.device;
    customStatus(timestamp, user, event.customStatus(), Patch.keep());
    settle(timestamp, user, shown, Reason.CONNECTED);
    return true;
  }

  private boolean heartbeat(long timestamp, Heartbeat event) {
    User user = user(event.userId());
    Shown shown = shown(user);
    Session session = session(user, event.sessionName());
    boolean opens = session == null;
    if (session == null) {
      if (saidGoodbye(user, event.sessionName())) {
        return true;
      }
      session = open(timestamp, user, event.sessionName(), event.device());
      if (session == null) {
        return false;
      }
      session.away = Boolean.FALSE.equals(event.active());
    }
    feed(timestamp, user, session);
    if (event.active() == null ? !session.declaredAway : event.active()) {
      active(user, session);
    }
    settle(timestamp, user, shown, opens ? Reason.HEARTBEAT : Reason.ACTIVE);
    return true;
  }

  private boolean activity(long timestamp, Activity event) {
    User user = user(event.userId());
    Shown shown = shown(user);
    Session session = session(user, event.sessionName());
    if (session == null) {
      if (saidGoodbye(user, event.sessionName())) {
        return true;
      }
      session = open(timestamp, user, event.sessionName(), event.device());
      if (session == null) {
        return false;
      }
    }
    feed(timestamp, user, session);
    active(user, session);
    settle(timestamp, user, shown, Reason.ACTIVE);
    return true;
  }

  private void status(long timestamp, StatusSet event) {
    User user = user(event.userId());
    Shown shown = shown(user);
    Session session = event.namesSession() ? session(user, event.sessionName()) : null;
    boolean wasAway = session != null && session.away;
    SetStatus claimBefore = user.claim;
    boolean sessionOnly = false;

    if (session != null) {
      feed(timestamp, user, session);
    }
    if (event.scope() == Scope.SESSION && event.status() == SetStatus.AWAY) {
      sessionOnly = true;
      if (session != null) {
        session.away = true;
        session.declaredAway = true;
      }
    } else if (event.scope() == Scope.SESSION && event.status() == SetStatus.ONLINE) {
      sessionOnly = session != null && session.declaredAway;
      if (session != null) {
        active(user, session);
      }
    }
    if (!sessionOnly) {
      boolean claims = event.status() != SetStatus.ONLINE;
      user.claim = claims ? event.status() : null;
      user.claimExpiry = claims ? expiry(timestamp, event.expiresIn()) : null;
    }
    if (event.activity().said()) {
      user.activity = event.activity().value();
    } else if (user.claim != claimBefore) {
      user.activity = null;
    }
    customStatus(timestamp, user, event.customStatus(), event.customStatusExpiresIn());

    boolean sessionChanged = session != null && session.away != wasAway;
    Reason reason;
    if (!sessionOnly && user.claim != null) {
      reason = Reason.STATUS_SET;
    } else if (!sessionOnly && claimBefore != null) {
      reason = Reason.STATUS_CLEARED;
    } else if (sessionChanged) {
      reason = Objects.requireNonNull(session).away ? Reason.IDLE : Reason.ACTIVE;
    } else {
      reason = Reason.STATUS_SET;
    }
    settleClaim(timestamp, user, shown, reason);
  }

  private void disconnected(long timestamp, Disconnected event) {
    User user = user(event.userId());
    Shown shown = shown(user);
    Long grace = null;
    if (event.grace() != null && !event.grace().isZero()) {
      grace = Math.min(event.grace().toMillis(), rules.heartbeatTtl());
    }
    List<Session> meant = new ArrayList<>();
    if (event.all()) {
      meant.addAll(user.sessions);
    } else {
      Session session = session(user, event.sessionName());
      if (session != null) {
        meant.add(session);
        user.lastSeen = timestamp;
      } else if (grace == null) {
        remember(user, event.sessionName());
      }
    }
    for (Session session : meant) {
      if (grace != null) {
        session.heard = now;
        session.grace = grace;
      } else {
        end(user, session, timestamp, Reason.DISCONNECTED);
        remember(user, session.name);
      }
    }
    settle(timestamp, user, shown, Reason.DISCONNECTED);
  }

  private void erased(long timestamp, Erased event) {
    User user = users.remove(event.userId());
    if (user == null || !user.stored) {
      return;
    }
    erasedVersion = Math.max(erasedVersion, Math.max(user.version + 1, timestamp));
    storeTime();
    outputs
        .changes()
        .add(
            new PresenceChange(
                user.id,
                Math.max(user.version + 1, timestamp),
                timestamp,
                Reason.ERASED,
                shown(user).status,
                Status.OFFLINE,
                null,
                user.visibility,
                null));
    outputs.states().add(new Outputs.State(user.id, null));
  }

  private static boolean isEmpty(User user) {
    return user.frozenSince == null
        && user.sessions.isEmpty()
        && user.claim == null
        && user.activity == null
        && user.lastSeen == null
        && user.goodbyes.isEmpty();
  }

  // What events do to a user

  private User user(String id) {
    User user = users.computeIfAbsent(id, User::new);
    user.stored |= !isEmpty(user);
    if (!user.stored) {
      user.version = erasedVersion;
    }
    return user;
  }

  private static @Nullable Session session(User user, String name) {
    return user.sessions.stream()
        .filter(session -> session.name.equals(name))
        .findFirst()
        .orElse(null);
  }

  private static @Nullable Session open(
      long timestamp, User user, String name, @Nullable String device) {
    if (user.sessions.size() == MAX_SESSIONS) {
      return null;
    }
    Session session =
        new Session(name, device != null ? device : PresenceEvent.DEFAULT_DEVICE, timestamp);
    user.sessions.add(session);
    user.device = session.device;
    return session;
  }

  private void feed(long timestamp, User user, Session session) {
    session.heard = now;
    session.grace = null;
    user.lastSeen = timestamp;
  }

  private void active(User user, Session session) {
    if (session.away) {
      user.device = session.device;
    }
    session.away = false;
    session.declaredAway = false;
    session.active = now;
  }

  private void end(User user, Session session, long timestamp, Reason reason) {
    user.sessions.remove(session);
    if (user.sessions.isEmpty()) {
      user.activity = null;
    }
    outputs
        .sessions()
        .add(
            new Outputs.Closed(
                user.id,
                new ClosedSession(
                    session.name,
                    session.device,
                    session.startedAt,
                    Math.max(session.startedAt, timestamp),
                    reason)));
  }

  private void remember(User user, String session) {
    user.goodbyes.removeIf(goodbye -> goodbye.session.equals(session));
    user.goodbyes.add(new Goodbye(session, now));
    if (user.goodbyes.size() > MAX_GOODBYES) {
      user.goodbyes.remove(0);
    }
  }

  private boolean saidGoodbye(User user, String session) {
    return user.goodbyes.stream()
        .anyMatch(goodbye -> goodbye.session.equals(session) && holds(goodbye));
  }

  private boolean holds(Goodbye goodbye) {
    return now < goodbye.at + rules.heartbeatTtl();
  }

  private static void customStatus(
      long timestamp, User user, Patch<String> text, Patch<Duration> expiresIn) {
    if (text.said()) {
      user.customStatus = text.value();
      user.customStatusExpiry =
          user.customStatus == null ? null : expiry(timestamp, expiresIn.value());
    } else if (expiresIn.said() && user.customStatus != null) {
      user.customStatusExpiry = expiry(timestamp, expiresIn.value());
    }
  }

  private static @Nullable Long expiry(long timestamp, @Nullable Duration in) {
    return in == null ? null : timestamp + in.toMillis();
  }

  // What is shown

  private static Shown shown(User user) {
    Map<String, Status> devices = new TreeMap<>();
    Status derived = Status.OFFLINE;
    for (Session session : user.sessions) {
      Status status = session.away ? Status.AWAY : Status.ONLINE;
      if (derived != Status.ONLINE) {
        derived = status;
      }
      if (devices.get(session.device) != Status.ONLINE) {
        devices.put(session.device, status);
      }
    }
    Status status = derived;
    if (derived != Status.OFFLINE && user.claim != null) {
      status =
          switch (user.claim) {
            case BUSY -> Status.BUSY;
            case AWAY -> Status.AWAY;
            case INVISIBLE -> Status.OFFLINE;
            case ONLINE -> throw new IllegalStateException("online is no claim");
          };
      Status claimed = status;
      devices.replaceAll((device, own) -> claimed);
    }
    boolean offline = status == Status.OFFLINE;
    return new Shown(
        status,
        offline ? null : user.activity,
        user.customStatus,
        offline ? user.frozenDevice : user.device,
        offline ? Map.of() : devices,
        user.visibility);
  }

  private static Presence presence(User user) {
    Shown shown = shown(user);
    boolean offline = shown.status == Status.OFFLINE;
    return new Presence(
        user.id,
        shown.status,
        shown.publiclySeen() ? user.lastSeen : user.frozenLastSeen,
        shown.device,
        shown.customStatus,
        shown.activity,
        offline ? Objects.requireNonNull(user.frozenSince) : user.since,
        user.version,
        shown.devices);
  }

  // Changes

  /** Where a status was set or expired: being invisible looks like being away from all devices. */
  private void settleClaim(long timestamp, User user, Shown before, Reason reason) {
    boolean was = before.status != Status.OFFLINE;
    boolean is = shown(user).status != Status.OFFLINE;
    if (was == is) {
      settle(timestamp, user, before, reason);
    } else {
      settle(timestamp, user, before, is ? Reason.CONNECTED : Reason.DISCONNECTED);
    }
  }

  /** Tells what became of a user, if others may see a difference. */
  private void settle(long timestamp, User user, Shown before, Reason reason) {
    Shown after = shown(user);
    if (before.publiclySeen() && !after.publiclySeen()) {
      user.frozenLastSeen = user.lastSeen;
      user.frozenDevice = before.device;
      user.frozenSince = timestamp;
    }
    boolean unhidden =
        before.visibility == Visibility.NOBODY && after.visibility != Visibility.NOBODY;
    if (before.status != after.status || unhidden) {
      user.since = timestamp;
    }
    after = shown(user);
    user.everPubliclySeen |= after.publiclySeen();
    if (!before.equals(after)) {
      Reason told = before.sameButForDevices(after) ? Reason.DEVICES : reason;
      boolean unseen = before.status == Status.OFFLINE && after.status == Status.OFFLINE;
      if (unseen
          && List.of(Reason.CONNECTED, Reason.STATUS_CLEARED, Reason.ACTIVE, Reason.IDLE)
              .contains(told)) {
        told = Reason.STATUS_SET;
      }
      change(timestamp, user, before, told, null);
    }
  }

  private void change(
      long timestamp, User user, Shown before, Reason reason, @Nullable String contact) {
    if (user.frozenSince == null) {
      user.frozenSince = timestamp;
    }
    user.version = Math.max(user.version + 1, timestamp);
    Presence presence = presence(user);
    outputs
        .changes()
        .add(
            new PresenceChange(
                user.id,
                user.version,
                timestamp,
                reason,
                before.status,
                presence.status(),
                presence,
                user.visibility,
                contact));
    outputs.states().add(new Outputs.State(user.id, new PresenceState(presence, user.visibility)));
  }

  private static Outputs none() {
    return new Outputs(
        new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), 0);
  }

  private static @Nullable String text(byte @Nullable [] value) {
    return value == null ? null : new String(value, UTF_8);
  }
}
