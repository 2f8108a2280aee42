package io.presence.streams.core;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.ChannelChange;
import io.presence.schemas.channel.Member;
import io.presence.schemas.event.ChannelEvent.Disconnected;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.event.ChannelEvent.Updated;
import io.presence.schemas.json.Patch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The rules of channels: what an event or a deadline makes of a member's state, and what others see
 * change. No clock, no I/O: the same input gives the same output.
 *
 * <p>Cost: a few passes over the member's sessions; nothing is allocated for a heartbeat.
 */
public final class ChannelCore {
  private final long ttl;

  public ChannelCore(ChannelRules rules) {
    this.ttl = rules.ttl().toMillis();
  }

  /**
   * What is known of a channel as a whole.
   *
   * @param count how many members others see
   * @param version that of the latest change
   */
  public record Channel(int count, long version) {}

  /** Takes a heartbeat of an open session. */
  public void absorb(SessionClock clock, Pulse pulse, Moment moment) {
    clock.hear(moment.now(), ttl);
    if (!clock.hidden()) {
      pulse.beat(moment.timestamp());
    }
  }

  /** Applies an event. */
  public MemberOutcome apply(MemberState state, OfMember event, Moment moment, Channel channel) {
    return switch (event) {
      case Joined e -> joined(state, e, moment, channel);
      case Updated e -> updated(state, e, moment, channel);
      case Heartbeat e -> heartbeat(state, e, moment);
      case Left e -> left(state, e, moment, channel);
      case Disconnected e -> disconnected(state, e, moment, channel);
    };
  }

  /** A session's liveness window has closed. */
  public MemberOutcome closed(
      MemberState state, SessionClock clock, Moment moment, Channel channel) {
    return end(
        state,
        state.indexOf(clock.session()),
        clock.leaving() ? ChannelChange.Reason.DISCONNECTED : ChannelChange.Reason.TIMED_OUT,
        moment,
        channel);
  }

  /** Opens the windows of a restored state anew: nobody's absence is counted while none looked. */
  public void reopen(MemberState state, long now) {
    for (MemberSession session : state.sessions()) {
      session.clock().hide(session.hidden());
      session.clock().hear(now, ttl);
    }
  }

  private MemberOutcome joined(MemberState state, Joined event, Moment moment, Channel channel) {
    String name = event.sessionName();
    int index = state.indexOf(name);
    List<MemberSession> sessions = new ArrayList<>(state.sessions());
    if (index >= 0) {
      MemberSession session = sessions.get(index);
      Boolean hidden = event.hidden();
      sessions.set(
          index,
          with(state, session, hidden != null ? hidden : session.hidden(), event.metadata()));
    } else if (sessions.size() >= ChannelRules.MAX_SESSIONS) {
      return MemberOutcome.refused(
          state,
          "the user has "
              + ChannelRules.MAX_SESSIONS
              + " sessions in the channel, which is the most");
    } else {
      index = sessions.size();
      sessions.add(
          with(
              state,
              new MemberSession(
                  name,
                  false,
                  null,
                  0,
                  moment.timestamp(),
                  new SessionClock(ownerOf(state.channelId(), state.userId()), name)),
              Boolean.TRUE.equals(event.hidden()),
              event.metadata()));
    }
    MemberSession session = sessions.get(index);
    session.clock().hide(session.hidden());
    absorb(session.clock(), state.pulse(), moment);
    return conclude(state, sessions, List.of(), ChannelChange.Reason.LEFT, moment, channel);
  }

  private MemberOutcome updated(MemberState state, Updated event, Moment moment, Channel channel) {
    int index =
        event.sessionId() == null
            ? state.sessions().size() - 1
            : state.indexOf(event.sessionName());
    if (index < 0) {
      return MemberOutcome.unchanged(state);
    }
    List<MemberSession> sessions = new ArrayList<>(state.sessions());
    MemberSession session = sessions.get(index);
    JsonNode metadata = event.metadata();
    sessions.set(
        index,
        with(
            state,
            session,
            session.hidden(),
            metadata == null ? Patch.clear() : Patch.set(metadata)));
    absorb(session.clock(), state.pulse(), moment);
    return conclude(state, sessions, List.of(), ChannelChange.Reason.LEFT, moment, channel);
  }

  private MemberOutcome heartbeat(MemberState state, Heartbeat event, Moment moment) {
    int index = state.indexOf(event.sessionName());
    if (index >= 0) {
      absorb(state.sessions().get(index).clock(), state.pulse(), moment);
    }
    return MemberOutcome.unchanged(state);
  }

  private MemberOutcome left(MemberState state, Left event, Moment moment, Channel channel) {
    if (event.sessionId() != null) {
      int index = state.indexOf(event.sessionName());
      hear(state, index, moment);
      return end(state, index, ChannelChange.Reason.LEFT, moment, channel);
    }
    for (int i = 0; i < state.sessions().size(); i++) {
      hear(state, i, moment);
    }
    return conclude(
        state,
        List.of(),
        state.sessions().stream().map(MemberSession::clock).toList(),
        ChannelChange.Reason.LEFT,
        moment,
        channel);
  }

  private MemberOutcome disconnected(
      MemberState state, Disconnected event, Moment moment, Channel channel) {
    int index = state.indexOf(event.sessionName());
    hear(state, index, moment);
    Duration grace = event.grace();
    if (grace == null || grace.isZero()) {
      return end(state, index, ChannelChange.Reason.DISCONNECTED, moment, channel);
    }
    if (index >= 0) {
      long millis = Math.min(grace.toMillis(), ttl);
      state.sessions().get(index).clock().leave(moment.now(), millis);
    }
    return MemberOutcome.unchanged(state);
  }

  private void hear(MemberState state, int index, Moment moment) {
    if (index >= 0) {
      absorb(state.sessions().get(index).clock(), state.pulse(), moment);
    }
  }

  private static MemberOutcome end(
      MemberState state, int index, ChannelChange.Reason reason, Moment moment, Channel channel) {
    if (index < 0) {
      return MemberOutcome.unchanged(state);
    }
    List<MemberSession> sessions = new ArrayList<>(state.sessions());
    MemberSession over = sessions.remove(index);
    return conclude(state, sessions, List.of(over.clock()), reason, moment, channel);
  }

  /** Compares what is to be with what was. */
  private static MemberOutcome conclude(
      MemberState before,
      List<MemberSession> sessions,
      List<SessionClock> over,
      ChannelChange.Reason reason,
      Moment moment,
      Channel channel) {
    if (sessions.equals(before.sessions())) {
      return MemberOutcome.unchanged(before);
    }
    over.forEach(SessionClock::close);
    boolean shownBefore = before.isShown();
    long version = Math.max(channel.version() + 1, moment.timestamp());
    MemberState after =
        new MemberState(
            before.channelId(),
            before.userId(),
            List.copyOf(sessions),
            shownBefore ? before.joinedAt() : moment.timestamp(),
            version,
            moment.offset(),
            before.pulse());
    boolean shown = after.isShown();
    ChannelChange.Event event;
    if (shown != shownBefore) {
      event = shown ? ChannelChange.Event.JOINED : ChannelChange.Event.LEFT;
    } else if (shown && !Objects.equals(before.metadata(), after.metadata())) {
      event = ChannelChange.Event.UPDATED;
    } else {
      return new MemberOutcome(
          new MemberState(
              after.channelId(),
              after.userId(),
              after.sessions(),
              shown ? after.joinedAt() : 0,
              before.version(),
              after.changedBy(),
              after.pulse()),
          false,
          null,
          over,
          null);
    }
    Member member = shown ? after.member() : before.member();
    int count =
        channel.count()
            + switch (event) {
              case JOINED -> 1;
              case UPDATED -> 0;
              case LEFT -> -1;
            };
    return new MemberOutcome(
        after,
        false,
        new ChannelChange(
            before.channelId(),
            event,
            moment.timestamp(),
            member,
            event == ChannelChange.Event.LEFT ? reason : null,
            count,
            version),
        over,
        null);
  }

  /** A session with what was said of it. To say the same again as the last who spoke is nothing. */
  private static MemberSession with(
      MemberState state, MemberSession session, boolean hidden, Patch<JsonNode> said) {
    JsonNode metadata = said.applyTo(session.metadata());
    boolean again =
        session.set() == state.lastSet()
            && session.set() > 0
            && Objects.equals(metadata, session.metadata());
    return new MemberSession(
        session.name(),
        hidden,
        metadata,
        said.said() && !again ? state.lastSet() + 1 : session.set(),
        session.joinedAt(),
        session.clock());
  }

  /** What the clocks of a member's sessions are named by, and in which order they fire. */
  public static String ownerOf(String channelId, String userId) {
    return channelId + '\0' + userId;
  }
}
