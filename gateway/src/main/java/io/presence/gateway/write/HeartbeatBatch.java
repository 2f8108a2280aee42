package io.presence.gateway.write;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The heartbeats of one partition, one record of them under way at a time. Those whose writer waits
 * are written by group commit: what comes while a record is under way makes the next, so nothing
 * waits while the partition is idle, and the busier the log, the larger the batches. Those that can
 * change nothing now are held until a flush is due, or others are written.
 *
 * <p>One heartbeat of a session stands for all of it that wait. What could not be written is tried
 * again if nobody was told so: sockets answer pings every few seconds, and a log that took nothing
 * for some seconds must not cost them one of these, too.
 */
final class HeartbeatBatch<K, H> {
  /**
   * What is gathered.
   *
   * @param <K> names a session
   * @param <H> a heartbeat of one
   */
  interface Kind<K, H> {
    K sessionOf(H heartbeat);

    /** The one that stands for both. */
    H merge(H before, H now);

    /** How many bytes it takes in a batch, at most. */
    int size(H heartbeat);

    /** The event of all of them. */
    byte[] write(List<H> heartbeats);
  }

  static final int MAX_ENTRIES = 1_000;
  static final int MAX_BYTES = 256 * 1024;

  /** With fewer than these, a batch may wait for more. */
  static final int THIN = 100;

  /**
   * @param held whether nobody waits for a part of it
   */
  private record Pending<H>(H heartbeat, CompletableFuture<Void> written, boolean held) {}

  private final Kind<K, H> kind;
  private final Function<byte[], CompletableFuture<Void>> append;
  private final Executor executor;

  /** Held over a write, too, so that what overtakes a batch is before it in the log. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<K, Pending<H>> pending = new LinkedHashMap<>();
  private boolean underWay;

  /** What was held and is in the record under way, if nothing has overtaken it since. */
  private final Map<K, H> tried = new LinkedHashMap<>();

  /** Since when the oldest that is held waits. */
  private long heldSince;

  private boolean holding;

  HeartbeatBatch(
      Kind<K, H> kind, Function<byte[], CompletableFuture<Void>> append, Executor executor) {
    this.kind = kind;
    this.append = append;
    this.executor = executor;
  }

  CompletableFuture<Void> add(H heartbeat) {
    lock.lock();
    try {
      Pending<H> added = put(heartbeat, false);
      if (!underWay) {
        writeNext();
      }
      return added.written;
    } finally {
      lock.unlock();
    }
  }

  /** Adds one that nobody waits for. */
  void hold(H heartbeat, long now) {
    lock.lock();
    try {
      var unused = put(heartbeat, true);
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

  private Pending<H> put(H heartbeat, boolean held) {
    return pending.merge(
        kind.sessionOf(heartbeat),
        new Pending<>(heartbeat, new CompletableFuture<>(), held),
        (before, now) ->
            new Pending<>(
                kind.merge(before.heartbeat, now.heartbeat),
                before.written,
                before.held || now.held));
  }

  /** Holds again what was not written. */
  private void holdAgain() {
    tried.forEach(
        (session, heartbeat) ->
            pending.merge(
                session,
                new Pending<>(heartbeat, new CompletableFuture<>(), true),
                (now, before) ->
                    new Pending<>(kind.merge(before.heartbeat, now.heartbeat), now.written, true)));
    // Held since before: the next flush is due.
    holding |= !tried.isEmpty();
  }

  /** Writes what ends a session: its heartbeat that waits has nothing more to say. */
  CompletableFuture<Void> overtake(K session, Supplier<CompletableFuture<Void>> write) {
    lock.lock();
    try {
      tried.remove(session);
      Pending<H> gone = pending.remove(session);
      CompletableFuture<Void> written = write.get();
      if (gone != null) {
        follow(gone, written);
      }
      return written;
    } finally {
      lock.unlock();
    }
  }

  /** Writes what ends all of some sessions. */
  CompletableFuture<Void> overtakeAll(
      Predicate<K> sessions, Supplier<CompletableFuture<Void>> write) {
    lock.lock();
    try {
      CompletableFuture<Void> written = write.get();
      tried.keySet().removeIf(sessions);
      for (Iterator<Map.Entry<K, Pending<H>>> i = pending.entrySet().iterator(); i.hasNext(); ) {
        Map.Entry<K, Pending<H>> entry = i.next();
        if (sessions.test(entry.getKey())) {
          i.remove();
          follow(entry.getValue(), written);
        }
      }
      return written;
    } finally {
      lock.unlock();
    }
  }

  /** Writes what makes less of a session's heartbeat that waits. */
  CompletableFuture<Void> overtakeInPart(
      K session, UnaryOperator<H> left, Supplier<CompletableFuture<Void>> write) {
    lock.lock();
    try {
      pending.computeIfPresent(
          session,
          (key, before) ->
              new Pending<>(left.apply(before.heartbeat), before.written, before.held));
      tried.computeIfPresent(session, (key, before) -> left.apply(before));
      return write.get();
    } finally {
      lock.unlock();
    }
  }

  private void writeNext() {
    List<H> entries = new ArrayList<>();
    List<CompletableFuture<Void>> waiting = new ArrayList<>();
    int bytes = 0;
    tried.clear();
    for (Iterator<Map.Entry<K, Pending<H>>> i = pending.entrySet().iterator(); i.hasNext(); ) {
      Map.Entry<K, Pending<H>> entry = i.next();
      Pending<H> next = entry.getValue();
      bytes += kind.size(next.heartbeat);
      if (entries.size() == MAX_ENTRIES || (bytes > MAX_BYTES && !entries.isEmpty())) {
        break;
      }
      entries.add(next.heartbeat);
      waiting.add(next.written);
      if (next.held) {
        tried.put(entry.getKey(), next.heartbeat);
      }
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
            .apply(kind.write(entries))
            .whenCompleteAsync((done, failure) -> written(waiting, failure), executor);
  }

  private void written(List<CompletableFuture<Void>> waiting, @Nullable Throwable failure) {
    lock.lock();
    try {
      // Of itself, what failed is no reason to write at once: a log that refuses would be asked
      // without end.
      boolean more = !pending.isEmpty();
      if (failure != null) {
        holdAgain();
      }
      if (more) {
        writeNext();
      } else {
        underWay = false;
        tried.clear();
      }
    } finally {
      lock.unlock();
    }
    for (CompletableFuture<Void> caller : waiting) {
      complete(caller, failure);
    }
  }

  private static void follow(Pending<?> gone, CompletableFuture<Void> written) {
    var unused = written.whenComplete((done, failure) -> complete(gone.written, failure));
  }

  private static void complete(CompletableFuture<Void> caller, @Nullable Throwable failure) {
    if (failure == null) {
      caller.complete(null);
    } else {
      caller.completeExceptionally(failure);
    }
  }
}
