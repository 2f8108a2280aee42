package io.presence.gateway.socket;

import io.presence.gateway.limit.Clock;
import io.presence.gateway.write.Events;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The presence of the one behind a socket: what is said over it, and that it is there, as events of
 * one session. It opens with {@code set_online} or the first heartbeat, and is heartbeaten for
 * while the socket answers.
 */
final class PresenceSession {
  private static final CompletableFuture<Void> NOTHING = CompletableFuture.completedFuture(null);

  private enum Stage {
    /** Nothing was said yet. */
    CLOSED,
    OPEN,
    /** It said goodbye: only {@code set_online} opens it again. */
    LEFT,
    /** The socket is gone. */
    OVER
  }

  private final String userId;
  private final String sessionId;
  private final Events events;
  private final Clock clock;
  private final long awayAfterNanos;

  /** Held over a write, so that what is said is written in its order; a write may wait. */
  private final ReentrantLock lock = new ReentrantLock();

  private Stage stage = Stage.CLOSED;
  private @Nullable String device;

  /**
   * What opened the session, until Kafka has it. To hear of that takes no lock: Kafka tells on the
   * thread that a write may wait for.
   */
  private final AtomicReference<@Nullable Connected> unwritten = new AtomicReference<>();

  /** Whether it declared itself away, and when there was a sign of activity last. */
  private boolean away;

  private long lastActive;

  PresenceSession(String userId, String sessionId, Events events, Clock clock, Duration awayAfter) {
    this.userId = userId;
    this.sessionId = sessionId;
    this.events = events;
    this.clock = clock;
    this.awayAfterNanos = awayAfter.toNanos();
  }

  CompletableFuture<Void> setOnline(ClientMessage.SetOnline message) {
    lock.lock();
    try {
      if (stage == Stage.OVER) {
        return NOTHING;
      }
      stage = Stage.OPEN;
      device = message.device();
      active();
      away = false;
      return connect(new Connected(userId, sessionId, device, message.customStatus()));
    } finally {
      lock.unlock();
    }
  }

  /**
   * A heartbeat of the client's. Where it can change what is shown it is written at once, else it
   * is held with those of others.
   */
  CompletableFuture<Void> heartbeat(ClientMessage.Heartbeat message) {
    lock.lock();
    try {
      if (stage == Stage.LEFT || stage == Stage.OVER) {
        return NOTHING;
      }
      boolean opens = stage == Stage.CLOSED;
      if (opens) {
        stage = Stage.OPEN;
        device = message.device();
      }
      Heartbeat heartbeat = new Heartbeat(userId, sessionId, device, message.active());
      boolean activity = message.active() == null ? !away : message.active();
      boolean changes = opens || (activity && (away || isIdle()));
      if (activity) {
        active();
        away = false;
      }
      if (changes) {
        return events.gather(heartbeat);
      }
      events.hold(heartbeat);
      return NOTHING;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets a status.
   *
   * @return null if the session would have to be open for it, and is not
   */
  @Nullable CompletableFuture<Void> setStatus(ClientMessage.StatusSet message) {
    lock.lock();
    try {
      boolean open = stage == Stage.OPEN;
      if (message.status() == SetStatus.AWAY && !open) {
        return null;
      }
      if (open) {
        away = message.status() == SetStatus.AWAY || (away && message.status() != SetStatus.ONLINE);
        if (message.status() == SetStatus.ONLINE) {
          active();
        }
      }
      return events.write(
          new StatusSet(
              userId,
              sessionId,
              device,
              message.status(),
              Scope.SESSION,
              message.customStatus(),
              message.customStatusExpiresIn(),
              message.activity(),
              message.expiresIn()));
    } finally {
      lock.unlock();
    }
  }

  /** Goodbye. */
  CompletableFuture<Void> setOffline() {
    lock.lock();
    try {
      boolean open = stage == Stage.OPEN;
      if (stage != Stage.OVER) {
        stage = Stage.LEFT;
      }
      return open ? disconnect(null) : NOTHING;
    } finally {
      lock.unlock();
    }
  }

  /** The socket answered of late. */
  void alive() {
    lock.lock();
    try {
      if (stage == Stage.OPEN) {
        events.hold(new Heartbeat(userId, sessionId, device, Boolean.FALSE));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Says again what Kafka did not take. */
  void repeat() {
    lock.lock();
    try {
      Connected again = unwritten.get();
      if (stage == Stage.OPEN && again != null) {
        var unused = connect(again);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether something has to be said again. */
  boolean hasUnwritten() {
    return unwritten.get() != null;
  }

  /**
   * The socket is gone. Only the first call counts.
   *
   * @param grace how long it may come back; null: it said goodbye
   */
  void end(@Nullable Duration grace) {
    lock.lock();
    try {
      boolean open = stage == Stage.OPEN;
      stage = Stage.OVER;
      if (open) {
        var unused = disconnect(grace);
      }
    } finally {
      lock.unlock();
    }
  }

  private CompletableFuture<Void> connect(Connected connected) {
    unwritten.set(connected);
    return events
        .write(connected)
        .whenComplete(
            (done, failure) -> {
              if (failure == null) {
                written(connected);
              }
            });
  }

  private void written(Connected connected) {
    Connected waiting = unwritten.get();
    if (connected.equals(waiting)) {
      unwritten.compareAndSet(waiting, null);
    }
  }

  private CompletableFuture<Void> disconnect(@Nullable Duration grace) {
    unwritten.set(null);
    return events.write(new Disconnected(userId, sessionId, device, grace, false));
  }

  private void active() {
    lastActive = clock.nanos();
  }

  /** Whether the activity window may have closed, or is soon to. */
  private boolean isIdle() {
    return clock.nanos() - lastActive >= awayAfterNanos / 2;
  }
}
