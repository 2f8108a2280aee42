package io.presence.streams.core;

import io.presence.streams.time.PresenceTime;
import io.presence.streams.time.TimingWheel;

/**
 * The two windows of one open session: the numbers that a heartbeat moves, in presence time; a
 * session in a channel has the first alone. They are the one thing in a {@link UserState} that
 * changes in place, and are not stored: whoever restores a session opens its windows anew.
 *
 * <p>It is also the session's timer: armed at a time not later than its next deadline, and armed
 * again when it finds, on firing, that the deadline moved.
 */
public final class SessionClock extends TimingWheel.Timer {
  /** A deadline that never comes. */
  public static final long NEVER = Long.MAX_VALUE;

  private final String owner;
  private final String session;
  private long heardAt;
  private long livenessDeadline;
  private long activityDeadline = NEVER;
  private boolean leaving;
  private boolean declaredAway;
  private boolean hidden;
  private boolean closed;

  /** The clock of a session with both windows still to be opened. */
  public SessionClock(String owner, String session) {
    this.owner = owner;
    this.session = session;
  }

  /** Whose session it is: a user, or one in a channel ({@link ChannelCore#ownerOf}). */
  public String owner() {
    return owner;
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
  public long livenessDeadline(PresenceTime time, long ttl) {
    long hole = time.firstHoleAfter(heardAt);
    return hole == PresenceTime.NO_HOLE ? livenessDeadline : Math.max(livenessDeadline, hole + ttl);
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
  public long nextDeadline(PresenceTime time, long ttl) {
    return Math.min(livenessDeadline(time, ttl), activityDeadline);
  }

  /** Whether the session is away: its activity window is not open. */
  boolean away() {
    return activityDeadline == NEVER;
  }

  /** Whether it declared itself away. */
  boolean declaredAway() {
    return declaredAway;
  }

  void hear(long now, long ttl) {
    heardAt = now;
    livenessDeadline = now + ttl;
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

  /** Whether others do not see it in its channel. */
  boolean hidden() {
    return hidden;
  }

  void hide(boolean isHidden) {
    hidden = isHidden;
  }

  void close() {
    closed = true;
  }
}
