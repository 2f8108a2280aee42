package io.presence.gateway.live;

import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Queries;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for snapshots: so many at a time, the others wait in order. What is asked again because
 * nobody could be asked, or anew because there was a gap, has a lane of its own, so that the
 * newcomers do not wait behind it.
 */
final class Snapshots {
  private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
  private static final int FIRST_AT_A_TIME = 64;
  private static final int LATER_AT_A_TIME = 16;
  private static final Duration SHORTEST_WAIT = Duration.ofMillis(150);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

  /** After so many answers that are older than what was told, one is believed. */
  private static final int HOPELESS = 6;

  private final Queries queries;
  private final Duration patience;
  private final Executor executor;
  private final Timer timer;
  private final Lane first = new Lane(FIRST_AT_A_TIME);
  private final Lane later = new Lane(LATER_AT_A_TIME);

  /** Does something later. */
  interface Timer {
    void after(Duration delay, Runnable task);
  }

  /**
   * @param patience how long the queries may take in all
   * @param executor runs what may wait a little
   */
  Snapshots(Queries queries, Duration patience, Executor executor, Timer timer) {
    this.queries = queries;
    this.patience = patience;
    this.executor = executor;
    this.timer = timer;
  }

  static boolean isHopeless(Ask ask) {
    return ask.attempt() >= HOPELESS;
  }

  /** How many wait to be asked. */
  int waiting() {
    return first.waiting.size() + later.waiting.size();
  }

  void ask(Ask ask) {
    first.add(ask);
  }

  void askCalmly(Ask ask) {
    later.add(ask);
  }

  /** Asks again, the later the more often it was asked. */
  void askLater(Ask ask) {
    later(ask.attempt(), () -> later.add(ask));
  }

  void later(int attempt, Runnable task) {
    long wait =
        Math.min(LONGEST_WAIT.toMillis(), SHORTEST_WAIT.toMillis() << Math.min(attempt, 10));
    double jitter = ThreadLocalRandom.current().nextDouble(0.5, 1);
    timer.after(Duration.ofMillis((long) (wait * jitter)), task);
  }

  private final class Lane {
    private final Queue<Ask> waiting = new ConcurrentLinkedQueue<>();
    private final Semaphore free;

    Lane(int atATime) {
      free = new Semaphore(atATime);
    }

    void add(Ask ask) {
      waiting.add(ask);
      executor.execute(this::pump);
    }

    private void pump() {
      while (!waiting.isEmpty() && free.tryAcquire()) {
        Ask ask = waiting.poll();
        if (ask == null) {
          free.release();
        } else {
          send(ask);
        }
      }
    }

    private void send(Ask ask) {
      List<String> ids = ask.watches().stream().map(watch -> watch.userId).toList();
      var unused =
          queries
              .lookup(new Lookup.Request(ask.subscriber().requester(), ids, false))
              .toCompletableFuture()
              .copy()
              .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
              .handleAsync(
                  (answer, failure) -> {
                    free.release();
                    if (failure != null) {
                      LOG.debug("a snapshot could not be had", failure);
                    }
                    ask.subscriber()
                        .answer(
                            ask,
                            failure == null
                                ? answer.entries()
                                : Collections.nCopies(ids.size(), Lookup.Entry.NOT_HERE));
                    pump();
                    return null;
                  },
                  executor);
    }
  }
}
