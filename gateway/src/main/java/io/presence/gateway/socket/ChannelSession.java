package io.presence.gateway.socket;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.live.ChannelFanout;
import io.presence.gateway.live.ChannelMember;
import io.presence.gateway.live.Subscriber;
import io.presence.gateway.write.ChannelEvents;
import io.presence.schemas.channel.Metadata;
import io.presence.schemas.event.ChannelEvent.Disconnected;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.Updated;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Patch;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The channels of one socket: those that its user is in, in this session, and those that it only
 * watches. All of them are followed. A membership is heartbeaten for while the socket answers, and
 * ends with it.
 */
final class ChannelSession implements ChannelMember {
  private static final CompletableFuture<Void> NOTHING = CompletableFuture.completedFuture(null);

  /** A channel that the user is in. */
  private static final class Stay {
    private final boolean hidden;
    private final MovingCursor cursor;
    private Patch<JsonNode> metadata = Patch.keep();

    /**
     * What opened it, until Kafka has it. To hear of that takes no lock: Kafka tells on the thread
     * that a write may wait for.
     */
    private final AtomicReference<@Nullable Joined> unwritten = new AtomicReference<>();

    Stay(boolean hidden, MovingCursor cursor) {
      this.hidden = hidden;
      this.cursor = cursor;
    }
  }

  private final Sockets sockets;
  private final Subscriber subscriber;
  private final ChannelFanout fanout;
  private final ChannelEvents events;
  private final @Nullable String userId;
  private final String sessionId;

  /** Held over a write, so that what is said is written in its order; a write may wait. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<String, Stay> stays = new HashMap<>(0);
  private final Set<String> watched = new HashSet<>(0);
  private boolean over;

  /**
   * @param userId null for one who is no user, and can only watch
   */
  ChannelSession(
      Sockets sockets, Subscriber subscriber, @Nullable String userId, String sessionId) {
    this.sockets = sockets;
    this.subscriber = subscriber;
    this.fanout = sockets.channels();
    this.events = sockets.channelEvents();
    this.userId = userId;
    this.sessionId = sessionId;
  }

  @Override
  public String userId() {
    if (userId == null) {
      throw new IllegalStateException("not a user");
    }
    return userId;
  }

  @Override
  public String sessionId() {
    return sessionId;
  }

  @Override
  public void lost(String channelId) {
    sockets.execute(() -> joinAgain(channelId));
  }

  /**
   * Joins, or says again how it is there.
   *
   * @param hidden null: as it was, or not
   * @return null if these would be too many channels
   */
  @Nullable CompletableFuture<Void> join(
      String channelId, Patch<JsonNode> metadata, @Nullable Boolean hidden) {
    lock.lock();
    try {
      if (over) {
        return NOTHING;
      }
      Stay before = stays.get(channelId);
      boolean followed = before != null || watched.contains(channelId);
      if (!followed && isFull()) {
        return null;
      }
      boolean hides = hidden != null ? hidden : before != null && before.hidden;
      Stay stay =
          before != null && before.hidden == hides ? before : new Stay(hides, cursor(channelId));
      if (before != null && stay != before) {
        before.cursor.end();
        stay.metadata = before.metadata;
      }
      if (metadata.said()) {
        stay.metadata = metadata;
      }
      stays.put(channelId, stay);
      // What Kafka may not have is said with it, or it would not be said again.
      boolean known = before == null || before.unwritten.get() == null;
      CompletableFuture<Void> written = write(channelId, stay, known ? metadata : stay.metadata);
      if (!followed) {
        subscriber.follow(fanout, channelId, this);
      }
      return written;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Joins a document, or goes on in it, in another mode: the rest of the metadata stays.
   *
   * @return null if these would be too many channels
   * @throws InvalidJsonException if the metadata has no room for the mode
   */
  @Nullable CompletableFuture<Void> join(String channelId, DocumentMode mode)
      throws InvalidJsonException {
    lock.lock();
    try {
      Stay stay = stays.get(channelId);
      JsonNode known = stay == null ? null : stay.metadata.value();
      return join(channelId, Patch.set(Metadata.check("metadata", mode.in(known))), null);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets the metadata.
   *
   * @return null if it is not a member
   */
  @Nullable CompletableFuture<Void> update(String channelId, @Nullable JsonNode metadata) {
    lock.lock();
    try {
      Stay stay = stays.get(channelId);
      if (stay == null) {
        return over ? NOTHING : null;
      }
      stay.metadata = metadata == null ? Patch.clear() : Patch.set(metadata);
      Joined unwritten = stay.unwritten.get();
      if (unwritten != null) {
        // It is said again: with what holds now.
        stay.unwritten.compareAndSet(unwritten, joined(channelId, stay, stay.metadata));
      }
      return events.write(new Updated(channelId, userId(), sessionId, metadata));
    } finally {
      lock.unlock();
    }
  }

  /** Leaves; it is followed still if it is watched. */
  CompletableFuture<Void> leave(String channelId) {
    lock.lock();
    try {
      Stay stay = stays.remove(channelId);
      if (stay == null) {
        return NOTHING;
      }
      stay.cursor.end();
      CompletableFuture<Void> written = events.write(new Left(channelId, userId(), sessionId));
      if (!watched.contains(channelId)) {
        subscriber.unfollow(channelId);
      }
      return written;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Follows a channel, or has it told anew.
   *
   * @return false if these would be too many
   */
  boolean watch(String channelId) {
    lock.lock();
    try {
      if (over) {
        return true;
      }
      if (!stays.containsKey(channelId) && !watched.contains(channelId) && isFull()) {
        return false;
      }
      watched.add(channelId);
      subscriber.follow(fanout, channelId, userId == null ? null : this);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Watches no more; it is followed still if the user is in it. */
  void unwatch(String channelId) {
    lock.lock();
    try {
      if (watched.remove(channelId) && !stays.containsKey(channelId)) {
        subscriber.unfollow(channelId);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Moves the cursor. One who is hidden moves it unseen.
   *
   * @return false if it is not in the document
   */
  boolean moveCursor(String channelId, JsonNode cursor) {
    lock.lock();
    try {
      Stay stay = stays.get(channelId);
      if (stay != null && !stay.hidden) {
        stay.cursor.move(cursor);
      }
      return stay != null || over;
    } finally {
      lock.unlock();
    }
  }

  /** The socket answered of late. */
  void alive() {
    lock.lock();
    try {
      for (String channelId : stays.keySet()) {
        events.hold(new Heartbeat(channelId, userId(), sessionId));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Says again what Kafka did not take. */
  void repeat() {
    lock.lock();
    try {
      stays.forEach(
          (channelId, stay) -> {
            Joined unwritten = stay.unwritten.get();
            if (unwritten != null) {
              var unused = write(channelId, stay, unwritten.metadata());
            }
          });
    } finally {
      lock.unlock();
    }
  }

  /** Whether something has to be said again. */
  boolean hasUnwritten() {
    lock.lock();
    try {
      return stays.values().stream().anyMatch(stay -> stay.unwritten.get() != null);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The socket is gone. Only the first call counts.
   *
   * @param grace how long it may come back; null: it said goodbye
   */
  void end(@Nullable Duration grace) {
    lock.lock();
    try {
      over = true;
      stays.forEach(
          (channelId, stay) -> {
            stay.cursor.end();
            var unused = events.write(new Disconnected(channelId, userId(), sessionId, grace));
          });
      stays.clear();
      watched.clear();
    } finally {
      lock.unlock();
    }
  }

  private void joinAgain(String channelId) {
    lock.lock();
    try {
      Stay stay = stays.get(channelId);
      if (stay != null) {
        var unused = write(channelId, stay, stay.metadata);
      }
    } finally {
      lock.unlock();
    }
  }

  private CompletableFuture<Void> write(String channelId, Stay stay, Patch<JsonNode> metadata) {
    Joined joined = joined(channelId, stay, metadata);
    stay.unwritten.set(joined);
    return events
        .write(joined)
        .whenComplete(
            (done, failure) -> {
              if (failure == null) {
                written(stay, joined);
              }
            });
  }

  private void written(Stay stay, Joined joined) {
    Joined unwritten = stay.unwritten.get();
    if (joined.equals(unwritten)) {
      stay.unwritten.compareAndSet(unwritten, null);
    }
    // Not on the thread of the producer: that of cursors may have to wait a little.
    sockets.execute(stay.cursor::begin);
  }

  private Joined joined(String channelId, Stay stay, Patch<JsonNode> metadata) {
    return new Joined(channelId, userId(), sessionId, metadata, stay.hidden);
  }

  private MovingCursor cursor(String channelId) {
    return new MovingCursor(
        (cursor, failed) ->
            sockets.cursors().append(channelId, userId(), sessionId, cursor, failed),
        sockets::executeLater,
        sockets.clock());
  }

  private boolean isFull() {
    Set<String> all = new HashSet<>(watched);
    all.addAll(stays.keySet());
    return all.size() >= sockets.rules().channels();
  }
}
