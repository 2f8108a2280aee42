package io.presence.gateway.live;

import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Queries;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
  private final Timer timer;
  private final Delivery delivery;
  private final Lane first;
  private final Lane later;

  /** Does something later. */
  interface Timer {
    void after(Duration delay, Runnable task);
  }

  /**
   * @param patience how long the queries may take in all
   * @param executor runs what may wait a little
   */
  Snapshots(Queries queries, Duration patience, Executor executor, Timer timer, Delivery delivery) {
    this.queries = queries;
    this.patience = patience;
    this.first = new Lane(FIRST_AT_A_TIME, executor);
    this.later = new Lane(LATER_AT_A_TIME, executor);
    this.timer = timer;
    this.delivery = delivery;
  }

  static boolean isHopeless(int attempt) {
    return attempt >= HOPELESS;
  }

  /** How many wait to be asked. */
  int waiting() {
    return first.waiting() + later.waiting();
  }

  void ask(Ask ask) {
    add(ask, first);
  }

  void askCalmly(Ask ask) {
    add(ask, later);
  }

  /** First the changes must come here, that follow upon the answer. */
  private void add(Ask ask, Lane lane) {
    Asking asking = new Asking(ask);
    delivery.whenHeard(asking.ids, () -> lane.add(asking));
  }

  /** Asks again, the later the more often it was asked. */
  void askLater(Ask ask) {
    later(ask.attempt(), () -> askCalmly(ask));
  }

  void later(int attempt, Runnable task) {
    long wait =
        Math.min(LONGEST_WAIT.toMillis(), SHORTEST_WAIT.toMillis() << Math.min(attempt, 10));
    double jitter = ThreadLocalRandom.current().nextDouble(0.5, 1);
    timer.after(Duration.ofMillis((long) (wait * jitter)), task);
  }

  /** One lookup. */
  private final class Asking implements Lane.Job<Lookup.Answer> {
    private final Ask ask;
    private final List<String> ids;
    private @Nullable Set<String> unheard;

    Asking(Ask ask) {
      this.ask = ask;
      this.ids = ask.watches().stream().map(watch -> watch.userId).toList();
    }

    @Override
    public CompletionStage<Lookup.Answer> begin() {
      unheard = delivery.unheard(ids);
      return queries
          .lookup(new Lookup.Request(ask.subscriber().requester(), ids, false, true))
          .toCompletableFuture()
          .copy()
          .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void end(Lookup.@Nullable Answer answer, @Nullable Throwable failure) {
      if (answer == null) {
        LOG.debug("a snapshot could not be had", failure);
      }
      ask.subscriber()
          .answer(
              ask,
              answer == null
                  ? Collections.nCopies(ids.size(), Lookup.Entry.NOT_HERE)
                  : believed(answer.entries()));
    }

    /** What does not come with all changes after it is as good as what a standby says. */
    private List<Lookup.Entry> believed(List<Lookup.Entry> entries) {
      Set<String> doubtful = unheard;
      if (doubtful == null) {
        return entries;
      }
      List<Lookup.Entry> believed = new ArrayList<>(entries);
      for (int i = 0; i < ids.size(); i++) {
        if (doubtful.contains(ids.get(i))) {
          believed.set(i, believed.get(i).asStale());
        }
      }
      return believed;
    }
  }
}
