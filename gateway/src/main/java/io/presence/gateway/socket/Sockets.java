package io.presence.gateway.socket;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.presence.gateway.auth.Authentication;
import io.presence.gateway.auth.Identity;
import io.presence.gateway.limit.Clock;
import io.presence.gateway.limit.RateLimits;
import io.presence.gateway.live.ChannelFanout;
import io.presence.gateway.live.Fanout;
import io.presence.gateway.write.ChannelEvents;
import io.presence.gateway.write.CursorLog;
import io.presence.gateway.write.Events;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All sockets and event streams of this gateway: how many there are and whose, the wheel that asks
 * them whether they are there, and the flush of their heartbeats.
 *
 * <p>The wheel has so many slots; a connection has one of them, by chance, so that pings are spread
 * evenly however many connect at once. One thread turns it.
 */
public final class Sockets implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sockets.class);
  private static final int SLOTS = 100;
  private static final int SESSION_ID_BYTES = 15;
  private static final Duration DRAIN_PATIENCE = Duration.ofSeconds(3);

  private final SocketRules rules;
  private final Origins origins;
  private final Authentication authentication;
  private final RateLimits limits;
  private final Fanout fanout;
  private final Events events;
  private final ChannelFanout channels;
  private final ChannelEvents channelEvents;
  private final CursorLog cursors;
  private final Executor executor;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private final List<Set<Connection>> slots = new ArrayList<>(SLOTS);
  private final Map<Connection, Integer> slotOf = new ConcurrentHashMap<>();
  private final Map<String, Integer> byUser = new ConcurrentHashMap<>();
  private final ScheduledExecutorService wheel =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("socket-wheel").factory());
  private final ScheduledExecutorService flusher =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("heartbeat-flush").factory());
  private int slot;
  private volatile boolean draining;

  /**
   * Starts to turn the wheel.
   *
   * @param executor runs what may wait a little
   */
  public Sockets(
      SocketRules rules,
      Origins origins,
      Authentication authentication,
      RateLimits limits,
      Fanout fanout,
      Events events,
      ChannelFanout channels,
      ChannelEvents channelEvents,
      CursorLog cursors,
      Executor executor,
      Clock clock,
      MeterRegistry registry) {
    this.rules = rules;
    this.origins = origins;
    this.authentication = authentication;
    this.limits = limits;
    this.fanout = fanout;
    this.events = events;
    this.channels = channels;
    this.channelEvents = channelEvents;
    this.cursors = cursors;
    this.executor = executor;
    this.clock = clock;
    for (int i = 0; i < SLOTS; i++) {
      slots.add(ConcurrentHashMap.newKeySet());
    }
    Gauge.builder("presence.sockets", slotOf, Map::size)
        .description("sockets and event streams")
        .register(registry);
    repeat(wheel, rules.pingInterval().dividedBy(SLOTS), this::turn);
    repeat(flusher, rules.flush(), () -> events.flush(rules.longestHold().minus(rules.flush())));
    repeat(
        flusher,
        rules.channelFlush(),
        () -> channelEvents.flush(rules.longestChannelHold().minus(rules.channelFlush())));
  }

  /**
   * Closes all, each with the advice to come back after some time of its own, below half of the
   * time to live; what they were stays as it is shown for that time. No more are let in.
   */
  @Override
  public void close() {
    draining = true;
    for (Connection connection : slotOf.keySet()) {
      connection.drain(retryAfter());
    }
    long deadline = System.nanoTime() + DRAIN_PATIENCE.toNanos();
    try {
      while (!slotOf.isEmpty() && System.nanoTime() - deadline < 0) {
        Thread.sleep(10);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    wheel.shutdownNow();
    flusher.shutdownNow();
    events.flush(Duration.ZERO);
    channelEvents.flush(Duration.ZERO);
  }

  /** When one that is sent away may come back. */
  Duration retryAfter() {
    long most = rules.heartbeatTtl().toMillis() / 2;
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(1, Math.max(2, most)));
  }

  boolean draining() {
    return draining;
  }

  /** Whether there are as many as there may be. */
  boolean full() {
    return slotOf.size() >= rules.maxSockets();
  }

  /** Whether this caller has as many as one user may have. */
  boolean fullFor(Identity identity) {
    String userId = identity.userId();
    return userId != null && byUser.getOrDefault(userId, 0) >= rules.perUser();
  }

  void opened(Connection connection) {
    int place = ThreadLocalRandom.current().nextInt(SLOTS);
    slotOf.put(connection, place);
    slots.get(place).add(connection);
    String owner = connection.owner();
    if (owner != null) {
      byUser.merge(owner, 1, Integer::sum);
    }
    if (draining) {
      connection.drain(retryAfter());
    }
  }

  void closed(Connection connection) {
    Integer place = slotOf.remove(connection);
    if (place == null) {
      return;
    }
    slots.get(place).remove(connection);
    String owner = connection.owner();
    if (owner != null) {
      byUser.computeIfPresent(owner, (id, count) -> count == 1 ? null : Integer.valueOf(count - 1));
    }
  }

  String newSessionId() {
    byte[] bytes = new byte[SESSION_ID_BYTES];
    random.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      LOG.debug("closing", e);
    }
  }

  void executeLater(Duration delay, Runnable task) {
    CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS, this::execute)
        .execute(task);
  }

  SocketRules rules() {
    return rules;
  }

  Origins origins() {
    return origins;
  }

  Authentication authentication() {
    return authentication;
  }

  RateLimits limits() {
    return limits;
  }

  Fanout fanout() {
    return fanout;
  }

  Events events() {
    return events;
  }

  ChannelFanout channels() {
    return channels;
  }

  ChannelEvents channelEvents() {
    return channelEvents;
  }

  CursorLog cursors() {
    return cursors;
  }

  Clock clock() {
    return clock;
  }

  private void turn() {
    slot = (slot + 1) % SLOTS;
    long now = System.nanoTime();
    for (Connection connection : slots.get(slot)) {
      connection.beat(now);
    }
  }

  /**
   * With the delay between: what was late must not be made up for, or nobody had time to answer.
   */
  private static void repeat(ScheduledExecutorService by, Duration interval, Runnable task) {
    var unused =
        by.scheduleWithFixedDelay(
            () -> {
              try {
                task.run();
              } catch (RuntimeException e) {
                LOG.error("a turn failed", e);
              }
            },
            interval.toNanos(),
            interval.toNanos(),
            TimeUnit.NANOSECONDS);
  }
}
