package io.presence.streams.channels;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.event.ChannelEvent;
import io.presence.schemas.event.ChannelEvent.Disconnected;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Heartbeats;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.event.ChannelEvent.Tick;
import io.presence.schemas.event.ChannelEvent.Updated;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Channels, as slow and as obvious as can be: one list of sessions, looked through each time. */
final class NaiveChannels {
  /** What was told. */
  record Told(
      String channel,
      String event,
      String user,
      long at,
      long joinedAt,
      long lastSeen,
      @Nullable JsonNode metadata,
      @Nullable String reason,
      int count) {}

  /** What a reader sees of a member. */
  record Seen(String user, long joinedAt, @Nullable JsonNode metadata) {}

  private static final class Session {
    final String channel;
    final String user;
    final String name;
    final long openedAt;
    boolean hidden;
    @Nullable JsonNode metadata;
    long set;
    long heard;
    long deadline;
    boolean leaving;
    boolean granted;
    long shownSince;
    long seen;

    Session(String channel, String user, String name, long openedAt) {
      this.channel = channel;
      this.user = user;
      this.name = name;
      this.openedAt = openedAt;
    }

    boolean is(String ofChannel, String ofUser) {
      return channel.equals(ofChannel) && user.equals(ofUser);
    }
  }

  private final long ttl;
  private final long stall;
  private final List<Session> sessions = new ArrayList<>();
  private final List<Told> told = new ArrayList<>();
  private long now;
  private long last = Long.MIN_VALUE;
  private long ticked = Long.MIN_VALUE;
  private long nowWhenTicked;

  /** These three as they were stored: in each second of presence time, and when someone leaves. */
  private long storedNow;

  private long storedTick = Long.MIN_VALUE;
  private long storedNowWhenTicked;
  private long sets;

  NaiveChannels(Duration ttl) {
    this.ttl = ttl.toMillis();
    this.stall = Math.min(5_000, this.ttl / 3);
  }

  void restart() {
    last = Long.MIN_VALUE;
    now = storedNow;
    ticked = storedTick;
    nowWhenTicked = storedNowWhenTicked;
    for (Session session : sessions) {
      hear(session);
    }
  }

  List<Told> told() {
    List<Told> all = List.copyOf(told);
    told.clear();
    return all;
  }

  List<Seen> members(String channel, @Nullable String requester) {
    List<Seen> members = new ArrayList<>();
    for (String user : users(channel)) {
      List<Session> shown = shown(channel, user);
      if (!shown.isEmpty()) {
        members.add(new Seen(user, joinedAt(shown), metadata(shown)));
      } else if (user.equals(requester)) {
        List<Session> own = of(channel, user);
        members.add(new Seen(user, own.getFirst().openedAt, metadata(own)));
      }
    }
    return members;
  }

  /** A record comes; null is one that is not an event, or not here. */
  void record(long at, @Nullable ChannelEvent event) {
    if (last != Long.MIN_VALUE) {
      long step = at - last;
      long wouldBe = now + Math.max(0, Math.min(step, stall));
      boolean clamped = step > stall;
      if (ticked != Long.MIN_VALUE && at > ticked + stall) {
        wouldBe = Math.max(now, Math.min(wouldBe, nowWhenTicked + stall));
        clamped = true;
      }
      now = wouldBe;
      if (clamped) {
        for (Session session : sessions) {
          if (!session.granted && session.heard < now) {
            session.deadline = Math.max(session.deadline, now + ttl);
            session.granted = true;
          }
        }
      }
    }
    last = at;
    if (event instanceof Tick) {
      ticked = at;
      nowWhenTicked = now;
    }
    List<Session> due = new ArrayList<>(sessions);
    due.removeIf(session -> session.deadline > now);
    due.sort(
        Comparator.<Session>comparingLong(session -> session.deadline)
            .thenComparing(session -> session.channel)
            .thenComparing(session -> session.user)
            .thenComparing(session -> session.name));
    for (Session session : due) {
      change(
          session.channel,
          session.user,
          at,
          session.leaving ? "disconnected" : "timed_out",
          () -> sessions.remove(session));
    }
    switch (event) {
      case null -> {}
      case Tick tick -> {}
      case Heartbeats batch -> batch.entries().forEach(entry -> heartbeat(entry, at));
      case Heartbeat heartbeat -> heartbeat(heartbeat, at);
      case OfMember e -> change(e.channelId(), e.userId(), at, reason(e), () -> apply(e, at));
    }
    if (now / 1_000 != storedNow / 1_000) {
      store();
    }
  }

  private void store() {
    storedNow = now;
    storedTick = ticked;
    storedNowWhenTicked = nowWhenTicked;
  }

  private static String reason(OfMember event) {
    return event instanceof Disconnected ? "disconnected" : "left";
  }

  private void heartbeat(Heartbeat heartbeat, long at) {
    for (Session session : of(heartbeat.channelId(), heartbeat.userId())) {
      if (session.name.equals(heartbeat.sessionName())) {
        hear(session);
        session.seen = at;
        see(session, at);
      }
    }
  }

  private void apply(OfMember event, long at) {
    List<Session> own = of(event.channelId(), event.userId());
    Predicate<Session> named = session -> session.name.equals(event.sessionName());
    Session session = own.stream().filter(named).findFirst().orElse(null);
    switch (event) {
      case Joined e -> {
        if (session == null) {
          session = new Session(e.channelId(), e.userId(), e.sessionName(), at);
          sessions.add(session);
        }
        if (e.hidden() != null) {
          session.hidden = e.hidden();
        }
        if (e.metadata().said()) {
          set(session, e.metadata().value());
        }
        hear(session);
        see(session, at);
      }
      case Updated e -> {
        Session meant = e.sessionId() != null ? session : own.isEmpty() ? null : own.getLast();
        if (meant != null) {
          set(meant, e.metadata());
          hear(meant);
          see(meant, at);
        }
      }
      case Heartbeat e -> throw new AssertionError();
      case Left e -> {
        List<Session> over = e.sessionId() == null ? own : own.stream().filter(named).toList();
        over.forEach(one -> see(one, at));
        sessions.removeAll(over);
      }
      case Disconnected e -> {
        if (session != null) {
          see(session, at);
          Duration grace = e.grace();
          if (grace == null || grace.isZero()) {
            sessions.remove(session);
          } else {
            hear(session);
            session.leaving = true;
            session.deadline = now + Math.min(ttl, grace.toMillis());
          }
        }
      }
    }
  }

  private void set(Session session, @Nullable JsonNode metadata) {
    session.metadata = metadata;
    session.set = ++sets;
  }

  private void hear(Session session) {
    session.heard = now;
    session.deadline = now + ttl;
    session.granted = false;
    session.leaving = false;
  }

  /** All sessions of a member that are not hidden tell the same time. */
  private void see(Session session, long at) {
    if (!session.hidden) {
      shown(session.channel, session.user).forEach(one -> one.seen = at);
    }
  }

  private void change(String channel, String user, long at, String reason, Runnable change) {
    List<Session> before = shown(channel, user);
    JsonNode metadataBefore = metadata(before);
    long joinedAt = joinedAt(before);
    change.run();
    List<Session> after = shown(channel, user);
    // Since when they are shown and when they were seen is the member's: who comes has it, too.
    long since = before.isEmpty() ? at : joinedAt;
    long seen = after.stream().mapToLong(session -> session.seen).max().orElse(0);
    for (Session session : after) {
      session.shownSince = since;
      session.seen = seen;
    }
    if (before.isEmpty() && !after.isEmpty()) {
      tell(channel, "joined", user, at, after, since, metadata(after), null);
    } else if (!before.isEmpty() && after.isEmpty()) {
      tell(channel, "left", user, at, before, joinedAt, metadataBefore, reason);
      store();
    } else if (!after.isEmpty() && !Objects.equals(metadataBefore, metadata(after))) {
      tell(channel, "updated", user, at, after, since, metadata(after), null);
    }
  }

  private void tell(
      String channel,
      String event,
      String user,
      long at,
      List<Session> of,
      long joinedAt,
      @Nullable JsonNode metadata,
      @Nullable String reason) {
    int count = 0;
    for (String one : users(channel)) {
      count += shown(channel, one).isEmpty() ? 0 : 1;
    }
    long seen = of.getFirst().seen;
    told.add(new Told(channel, event, user, at, joinedAt, seen, metadata, reason, count));
  }

  private static long joinedAt(List<Session> shown) {
    return shown.isEmpty() ? 0 : shown.getFirst().shownSince;
  }

  private static @Nullable JsonNode metadata(List<Session> of) {
    return of.stream()
        .max(
            Comparator.<Session>comparingLong(session -> session.set)
                .thenComparingInt(session -> -of.indexOf(session)))
        .map(session -> session.metadata)
        .orElse(null);
  }

  private List<Session> of(String channel, String user) {
    return sessions.stream().filter(session -> session.is(channel, user)).toList();
  }

  private List<Session> shown(String channel, String user) {
    return of(channel, user).stream().filter(session -> !session.hidden).toList();
  }

  private Set<String> users(String channel) {
    Set<String> users = new TreeSet<>();
    for (Session session : sessions) {
      if (session.channel.equals(channel)) {
        users.add(session.user);
      }
    }
    return users;
  }
}
