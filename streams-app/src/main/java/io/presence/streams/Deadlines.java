package io.presence.streams;

import io.presence.streams.core.Claim;
import io.presence.streams.core.SessionClock;
import io.presence.streams.time.PresenceTime;
import io.presence.streams.time.TimingWheel;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is due next in one partition, in the order in which it fires: windows by deadline, owner and
 * session; then claims and texts by expiry and user.
 *
 * <p>Windows wait in a timing wheel that a heartbeat does not touch: a timer that fires early finds
 * its deadline moved and is armed anew, about once per window. Only what is due is ever sorted.
 */
final class Deadlines {
  private record Window(long deadline, SessionClock clock) implements Comparable<Window> {
    private static final Comparator<Window> ORDER =
        Comparator.comparingLong(Window::deadline)
            .thenComparing(window -> window.clock().owner())
            .thenComparing(window -> window.clock().session());

    @Override
    public int compareTo(Window other) {
      return ORDER.compare(this, other);
    }
  }

  private record Expiry(long at, String userId) implements Comparable<Expiry> {
    private static final Comparator<Expiry> ORDER =
        Comparator.comparingLong(Expiry::at).thenComparing(Expiry::userId);

    @Override
    public int compareTo(Expiry other) {
      return ORDER.compare(this, other);
    }
  }

  private final PresenceTime time;
  private final long ttl;
  private final TimingWheel<SessionClock> wheel;
  private final PriorityQueue<Window> due = new PriorityQueue<>();
  private final TreeSet<Expiry> expiries = new TreeSet<>();
  private final Map<String, Expiry> expiryOf = new HashMap<>();

  Deadlines(PresenceTime time, long ttl) {
    this.time = time;
    this.ttl = ttl;
    this.wheel = new TimingWheel<>(time.now());
  }

  /** Watches a session whose next deadline may have become earlier. */
  void watch(SessionClock clock) {
    long next = clock.nextDeadline(time, ttl);
    if (next <= time.now()) {
      due.add(new Window(next, clock));
    } else if (!clock.armed() || clock.armedAt() > next) {
      wheel.arm(clock, next);
    }
  }

  /** Forgets a session that is over. */
  void forget(SessionClock clock) {
    wheel.cancel(clock);
  }

  /** Forgets what expires of a user. */
  void forgetExpiry(String userId) {
    watchExpiry(userId, Claim.NEVER);
  }

  /** Takes what has become due since the last time out of the wheel. */
  void advance() {
    wheel.advance(time.now(), clock -> due.add(new Window(clock.nextDeadline(time, ttl), clock)));
  }

  /** The session whose window is the next to close, if one is due. */
  @Nullable SessionClock pollWindow() {
    for (Window window = due.poll(); window != null; window = due.poll()) {
      SessionClock clock = window.clock();
      if (clock.closed()) {
        continue;
      }
      long deadline = clock.nextDeadline(time, ttl);
      if (deadline > time.now()) {
        watch(clock);
      } else if (deadline != window.deadline()) {
        due.add(new Window(deadline, clock));
      } else {
        return clock;
      }
    }
    return null;
  }

  /** Whether a window may be due. */
  boolean hasDueWindow() {
    return !due.isEmpty();
  }

  /** The user whose claim or text is the next to expire, if one is due. */
  @Nullable String nextExpired(long timestamp) {
    return expiries.isEmpty() || expiries.first().at() > timestamp
        ? null
        : expiries.first().userId();
  }

  /** Watches what expires next of a user; {@link Claim#NEVER}: nothing does. */
  void watchExpiry(String userId, long at) {
    Expiry watched = expiryOf.get(userId);
    if (watched != null) {
      if (watched.at() == at) {
        return;
      }
      expiries.remove(watched);
      expiryOf.remove(userId);
    }
    if (at != Claim.NEVER) {
      Expiry expiry = new Expiry(at, userId);
      expiries.add(expiry);
      expiryOf.put(userId, expiry);
    }
  }
}
