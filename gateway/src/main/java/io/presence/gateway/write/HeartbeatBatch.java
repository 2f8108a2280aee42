package io.presence.gateway.write;

import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEventCodec;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The heartbeats of one partition, one record of them under way at a time. Those whose writer waits
 * are written by group commit: what comes while a record is under way makes the next, so nothing
 * waits while the partition is idle, and the busier the log, the larger the batches. Those that can
 * change nothing now are held until a flush is due, or others are written.
 *
 * <p>The newest heartbeat of a session stands for those before it; any sign of activity among them
 * is kept.
 */
final class HeartbeatBatch {
  static final int MAX_ENTRIES = 1_000;
  static final int MAX_BYTES = 256 * 1024;

  /** With fewer than these, a batch may wait for more. */
  static final int THIN = 100;

  /** What an entry has beside its texts, at most: brackets, quotes, commas, {@code false}. */
  private static final int ENTRY_BYTES = 20;

  /** A character of a device, at most: a surrogate is escaped, or half of four bytes. */
  private static final int DEVICE_CHARACTER_BYTES = 6;

  private record Session(String userId, String name) {}

  private record Pending(Heartbeat heartbeat, CompletableFuture<Void> written) {}

  private final Function<byte[], CompletableFuture<Void>> append;
  private final Executor executor;

  /** Held over a write, too, so that what overtakes a batch is before it in the log. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<Session, Pending> pending = new LinkedHashMap<>();
  private boolean underWay;

  /** Since when the oldest that is held waits. */
  private long heldSince;

  private boolean holding;

  HeartbeatBatch(Function<byte[], CompletableFuture<Void>> append, Executor executor) {
    this.append = append;
    this.executor = executor;
  }

  CompletableFuture<Void> add(Heartbeat heartbeat) {
    lock.lock();
    try {
      Pending added = put(heartbeat);
      if (!underWay) {
        writeNext();
      }
      return added.written;
    } finally {
      lock.unlock();
    }
  }

  /** Adds one that nobody waits for. */
  void hold(Heartbeat heartbeat, long now) {
    lock.lock();
    try {
      var unused = put(heartbeat);
      if (!holding) {
        holding = true;
        heldSince = now;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes what is held, if there is enough of it or it has waited for long enough. */
  void flush(long now, long longestNanos) {
    lock.lock();
    try {
      boolean due = pending.size() >= THIN || now - heldSince >= longestNanos;
      if (!underWay && holding && due) {
        writeNext();
      }
    } finally {
      lock.unlock();
    }
  }

  private Pending put(Heartbeat heartbeat) {
    return pending.merge(
        new Session(heartbeat.userId(), heartbeat.sessionName()),
        new Pending(heartbeat, new CompletableFuture<>()),
        (before, now) -> new Pending(merge(before.heartbeat, now.heartbeat), before.written));
  }

  /** Writes what ends a session: its heartbeat that waits has nothing more to say. */
  CompletableFuture<Void> overtake(
      String userId, String session, Supplier<CompletableFuture<Void>> write) {
    lock.lock();
    try {
      Pending gone = pending.remove(new Session(userId, session));
      CompletableFuture<Void> written = write.get();
      if (gone != null) {
        follow(gone, written);
      }
      return written;
    } finally {
      lock.unlock();
    }
  }

  /** Writes what ends all sessions of a user. */
  CompletableFuture<Void> overtakeAll(String userId, Supplier<CompletableFuture<Void>> write) {
    lock.lock();
    try {
      CompletableFuture<Void> written = write.get();
      for (Iterator<Map.Entry<Session, Pending>> i = pending.entrySet().iterator(); i.hasNext(); ) {
        Map.Entry<Session, Pending> entry = i.next();
        if (entry.getKey().userId.equals(userId)) {
          i.remove();
          follow(entry.getValue(), written);
        }
      }
      return written;
    } finally {
      lock.unlock();
    }
  }

  /** Writes that a session went away: its heartbeat that waits tells of an activity before that. */
  CompletableFuture<Void> overtakeIdle(
      String userId, String session, Supplier<CompletableFuture<Void>> write) {
    lock.lock();
    try {
      pending.computeIfPresent(
          new Session(userId, session),
          (key, before) ->
              new Pending(withActive(before.heartbeat, Boolean.FALSE), before.written));
      return write.get();
    } finally {
      lock.unlock();
    }
  }

  private void writeNext() {
    List<Heartbeat> entries = new ArrayList<>();
    List<CompletableFuture<Void>> waiting = new ArrayList<>();
    int bytes = 0;
    for (Iterator<Pending> i = pending.values().iterator(); i.hasNext(); ) {
      Pending next = i.next();
      bytes += size(next.heartbeat);
      if (entries.size() == MAX_ENTRIES || (bytes > MAX_BYTES && !entries.isEmpty())) {
        break;
      }
      entries.add(next.heartbeat);
      waiting.add(next.written);
      i.remove();
    }
    underWay = !entries.isEmpty();
    holding &= !pending.isEmpty();
    if (!underWay) {
      return;
    }
    // What the acknowledgement sets off may wait for the log: never on the thread of the producer.
    var unused =
        append
            .apply(PresenceEventCodec.write(new Heartbeats(entries)))
            .whenCompleteAsync((done, failure) -> written(waiting, failure), executor);
  }

  private void written(List<CompletableFuture<Void>> waiting, @Nullable Throwable failure) {
    lock.lock();
    try {
      writeNext();
    } finally {
      lock.unlock();
    }
    for (CompletableFuture<Void> caller : waiting) {
      complete(caller, failure);
    }
  }

  private static void follow(Pending gone, CompletableFuture<Void> written) {
    var unused = written.whenComplete((done, failure) -> complete(gone.written, failure));
  }

  private static void complete(CompletableFuture<Void> caller, @Nullable Throwable failure) {
    if (failure == null) {
      caller.complete(null);
    } else {
      caller.completeExceptionally(failure);
    }
  }

  private static Heartbeat merge(Heartbeat before, Heartbeat now) {
    Boolean active;
    if (Boolean.TRUE.equals(before.active()) || Boolean.TRUE.equals(now.active())) {
      active = Boolean.TRUE;
    } else if (before.active() == null || now.active() == null) {
      active = null;
    } else {
      active = Boolean.FALSE;
    }
    return withActive(now, active);
  }

  private static Heartbeat withActive(Heartbeat heartbeat, @Nullable Boolean active) {
    return new Heartbeat(heartbeat.userId(), heartbeat.sessionId(), heartbeat.device(), active);
  }

  private static int size(Heartbeat heartbeat) {
    String session = heartbeat.sessionId();
    String device = heartbeat.device();
    return ENTRY_BYTES
        + heartbeat.userId().length()
        + (session == null ? 0 : session.length())
        + (device == null ? 0 : device.length() * DEVICE_CHARACTER_BYTES);
  }
}
