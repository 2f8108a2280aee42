package io.presence.gateway.live;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.presence.schemas.query.Queries;
import io.presence.schemas.topic.Partitioning;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From a change to all who watch its user. A change nobody watches costs one probe; one that many
 * watch is encoded once, and for each of them the privacy rule is asked, and a reference queued.
 */
public final class Fanout {
  private static final Logger LOG = LoggerFactory.getLogger(Fanout.class);

  /** How many subscribers are written to by one task. */
  private static final int CHUNK = 64;

  private final int partitions;
  private final Executor executor;
  private final Delivery delivery;
  private final Snapshots.Timer timer;
  private final Snapshots snapshots;
  private final Map<String, Audience> audiences = new ConcurrentHashMap<>();
  private final Set<Subscriber> subscribers = ConcurrentHashMap.newKeySet();
  private final AtomicInteger watched = new AtomicInteger();
  private final Counter sent;
  private final Counter resyncs;

  /**
   * @param partitions of the topic of changes
   * @param patience how long the queries may take in all
   * @param executor runs what may wait a little
   * @param delivery how changes come here
   */
  public Fanout(
      int partitions,
      Queries queries,
      Duration patience,
      Executor executor,
      Delivery delivery,
      MeterRegistry registry) {
    this(
        partitions,
        queries,
        patience,
        executor,
        delivery,
        (delay, task) ->
            CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS, executor)
                .execute(task),
        registry);
  }

  /** One to which all changes come, with a timer of someone else's. */
  Fanout(
      int partitions,
      Queries queries,
      Duration patience,
      Executor executor,
      Snapshots.Timer timer,
      MeterRegistry registry) {
    this(partitions, queries, patience, executor, Delivery.ofAll(), timer, registry);
  }

  /** One with a timer of someone else's. */
  Fanout(
      int partitions,
      Queries queries,
      Duration patience,
      Executor executor,
      Delivery delivery,
      Snapshots.Timer timer,
      MeterRegistry registry) {
    this.partitions = partitions;
    this.executor = executor;
    this.timer = timer;
    this.delivery = delivery;
    this.snapshots = new Snapshots(queries, patience, executor, timer, delivery);
    this.sent =
        Counter.builder("presence.live.messages")
            .description("messages sent to subscribers")
            .register(registry);
    this.resyncs =
        Counter.builder("presence.live.resyncs")
            .description("gaps after which subscribers were told anew")
            .register(registry);
    gauge(registry, "presence.live.subscribers", "subscribers", subscribers::size);
    gauge(registry, "presence.live.subscriptions", "users watched, by all", watched::get);
    gauge(registry, "presence.live.users", "users watched by anyone", audiences::size);
    gauge(registry, "presence.live.snapshots.waiting", "snapshots to ask for", snapshots::waiting);
    gauge(
        registry,
        "presence.live.queued",
        "messages that wait for a slow reader",
        () -> subscribers.stream().mapToInt(Subscriber::queued).sum());
  }

  /**
   * A new subscriber.
   *
   * @param requester as whom it sees; null: a stranger
   */
  public Subscriber subscriber(@Nullable String requester, Sink sink) {
    return new Subscriber(this, requester, sink);
  }

  /**
   * Something may have been missed: all who watch users of these partitions are told, and told anew
   * what there is.
   *
   * @param concerned partitions by their numbers; null: all
   */
  public void resync(@Nullable Set<Integer> concerned) {
    if (subscribers.isEmpty()) {
      return;
    }
    LOG.info("a gap in {}: subscribers are told anew", concerned == null ? "all" : concerned);
    resyncs.increment();
    subscribers.forEach(subscriber -> subscriber.resync(concerned));
  }

  /** What reads the topic of changes tells this. */
  public ChangeFeed.Receiver changes() {
    return new Changes(this);
  }

  /** Who watches a user; null if nobody does. */
  @Nullable Audience audience(String userId) {
    return audiences.get(userId);
  }

  /**
   * Something of a user may be missed: those who watch, and know of nothing as new as that, are
   * told nothing of the user before it was asked for again.
   *
   * @param required an answer of a version before that is not believed
   */
  void missed(String userId, long required) {
    Audience audience = audience(userId);
    if (audience != null) {
      audience.missed(required);
    }
  }

  /** Writes to all of these, a little later and not on this thread. */
  void flush(List<Subscriber> ready) {
    for (int from = 0; from < ready.size(); from += CHUNK) {
      List<Subscriber> chunk =
          List.copyOf(ready.subList(from, Math.min(ready.size(), from + CHUNK)));
      execute(
          () -> {
            Batch last = null;
            for (Subscriber subscriber : chunk) {
              last = subscriber.flush(last);
            }
          });
    }
  }

  void flushSoon(Subscriber subscriber) {
    execute(
        () -> {
          var unused = subscriber.flush(null);
        });
  }

  int partitionOf(String userId) {
    return Partitioning.partitionOf(userId, partitions);
  }

  void add(Watch watch) {
    watched.incrementAndGet();
    audiences.compute(
        watch.userId,
        (id, audience) -> {
          Audience all = audience;
          if (all == null) {
            all = new Audience();
            delivery.watched(id);
          }
          all.add(watch);
          return all;
        });
  }

  void remove(Watch watch) {
    watched.decrementAndGet();
    audiences.computeIfPresent(
        watch.userId,
        (id, audience) -> {
          if (!audience.remove(watch)) {
            return audience;
          }
          delivery.unwatched(id);
          return null;
        });
  }

  void add(Subscriber subscriber) {
    subscribers.add(subscriber);
  }

  void remove(Subscriber subscriber) {
    subscribers.remove(subscriber);
  }

  void ask(Ask ask) {
    snapshots.ask(ask);
  }

  void askCalmly(Ask ask) {
    snapshots.askCalmly(ask);
  }

  void askLater(Ask ask) {
    snapshots.askLater(ask);
  }

  void later(int attempt, Runnable task) {
    snapshots.later(attempt, task);
  }

  void sent(int messages) {
    sent.increment(messages);
  }

  Snapshots.Timer timer() {
    return timer;
  }

  void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      LOG.debug("closing", e);
    }
  }

  private static void gauge(
      MeterRegistry registry, String name, String description, Supplier<Number> value) {
    Gauge.builder(name, value).description(description).register(registry);
  }
}
