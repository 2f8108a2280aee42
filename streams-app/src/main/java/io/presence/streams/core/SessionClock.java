package io.presence.streams.core;

import io.presence.streams.time.PresenceTime;
import io.presence.streams.time.TimingWheel;

/**
 * The two windows of one open session: the numbers that a heartbeat moves, in presence time. They
 * are the one thing in a {@link UserState} that changes in place, and are not stored: whoever
 * restores a session opens its windows anew.
 *
 * <p>It is also the session's timer: armed at a time not later than its next deadline, and armed
 * again when it finds, on firing, that the deadline moved.
 */
public final class SessionClock extends TimingWheel.Timer {
  /** A deadline that never comes. */
  public static final long NEVER = Long.MAX_VALUE;

  private final String userId;
  private final String session;
  private long heardAt;
  private long livenessDeadline;
  private long activityDeadline = NEVER;
  private boolean leaving;
  private boolean declaredAway;
  private boolean closed;

  /** The clock of a session with both windows still to be opened. */
  public SessionClock(String userId, String session) {
    this.userId = userId;
    this.session = session;
  }

  /** Whose session it is. */
  public String userId() {
    return userId;
  }

  /** The session's name. */
  public String session() {
    return session;
  }

  /** Whether the session is over: then nothing of this counts any more. */
  public boolean closed() {
    return closed;
  }

  /** Whether its connection was lost, and it has only its grace left. */
  public boolean leaving() {
    return leaving;
  }

  /**
   * When the liveness window closes. A hole gives the session a whole window, counted from the
   * first one after it was last heard, and not again before it is heard.
   */
  public long livenessDeadline(PresenceTime time, Rules rules) {
    long hole = time.firstHoleAfter(heardAt);
    return hole == PresenceTime.NO_HOLE
        ? livenessDeadline
        : Math.max(livenessDeadline, hole + rules.ttl());
  }

  /** When the liveness window closes, holes in the log left out of account. */
  public long livenessDeadline() {
    return livenessDeadline;
  }

  /** When the activity window closes; {@link #NEVER} if the session is away. */
  public long activityDeadline() {
    return activityDeadline;
  }

  /** The earlier of the two deadlines. */
  public long nextDeadline(PresenceTime time, Rules rules) {
    return Math.min(livenessDeadline(time, rules), activityDeadline);
  }

  /** Whether the session is away: its activity window is not open. */
  boolean away() {
    return activityDeadline == NEVER;
  }

  /** Whether it declared itself away. */
  boolean declaredAway() {
    return declaredAway;
  }

  void hear(long now, Rules rules) {
    heardAt = now;
    livenessDeadline = now + rules.ttl();
    leaving = false;
  }

  void leave(long now, long grace) {
    heardAt = now;
    livenessDeadline = now + grace;
    leaving = true;
  }

  void act(long now, Rules rules) {
    activityDeadline = now + rules.idle();
    declaredAway = false;
  }

  void idle(boolean declared) {
    activityDeadline = NEVER;
    declaredAway |= declared;
  }

  void close() {
    closed = true;
  }
}
