package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.presence.gateway.live.Interests.Missed;
import io.presence.gateway.live.Interests.Waiting;
import io.presence.gateway.live.Interests.Write;
import io.presence.gateway.write.EventLog;
import io.presence.schemas.delivery.Inbox;
import io.presence.schemas.delivery.Notice;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.InvalidJsonException;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes come of those users whom somebody watches here: it carries to the log of whom this
 * gateway wants to be told, and from its inbox what it is told.
 */
public final class InterestDelivery implements Delivery, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(InterestDelivery.class);
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** After so long, a snapshot is had without being heard of the user. */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

  /** So often it is looked whether the inbox is read yet. */
  private static final Duration LOOK = Duration.ofMillis(20);

  private final String root;
  private final Interests interests;
  private final EventLog log;
  private final Counter beginnings;
  private final Semaphore something = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;
  private volatile @Nullable Fanout fanout;
  private volatile BooleanSupplier reading = () -> false;

  /**
   * @param root of the gateway's names, of no other gateway's
   * @param log {@code presence-events}
   * @param lease how long a gateway is told something without a word from it
   * @param linger how long it is told something of a user whom nobody watches any more
   */
  public InterestDelivery(
      String root, EventLog log, Duration lease, Duration linger, MeterRegistry registry) {
    this.root = root;
    this.interests =
        new Interests(
            new Interests.Rules(
                root,
                log.partitions(),
                Math.max(1, lease.toMillis() / 3),
                linger.toMillis(),
                PATIENCE.toMillis()));
    this.log = log;
    this.beginnings =
        Counter.builder("presence.live.interest.beginnings")
            .description("times that all users of a partition were registered again")
            .register(registry);
    Gauge.builder("presence.live.interests", interests::size)
        .description("users whose changes this gateway is sent")
        .register(registry);
    this.thread = Thread.ofPlatform().name("live-interest").daemon().unstarted(this::run);
  }

  /**
   * Begins.
   *
   * @param to who is told of what comes
   * @param isReading whether the inbox is read
   */
  public void start(Fanout to, BooleanSupplier isReading) {
    fanout = to;
    reading = isReading;
    thread.start();
  }

  /** Whether streams-apps know of this gateway. */
  public boolean ready() {
    return interests.held();
  }

  /** The number of its inbox. */
  public int inbox(int inboxes) {
    return Inbox.of(Inbox.name(root, 0), inboxes);
  }

  /** What reads the inbox, and what all gateways read, tells this. */
  public ChangeFeed.Receiver receiver(Fanout to) {
    return new InboxReceiver(to);
  }

  @Override
  public void watched(String userId) {
    interests.watched(userId);
    something.release();
  }

  @Override
  public void unwatched(String userId) {
    interests.unwatched(userId, now());
    // It may have to be withdrawn before anything else is due.
    something.release();
  }

  @Override
  public void whenHeard(Collection<String> userIds, Runnable then) {
    Waiting waiting = interests.await(userIds, then);
    Fanout told = fanout;
    if (waiting == null || told == null) {
      then.run();
      return;
    }
    told.timer()
        .after(
            LONGEST_WAIT,
            () -> {
              if (interests.giveUp(waiting)) {
                then.run();
              }
            });
  }

  @Override
  public @Nullable Set<String> unheard(List<String> userIds) {
    return interests.unheard(userIds);
  }

  /** Writes nothing more; what was registered runs out. */
  @Override
  public void close() {
    closed = true;
    something.release();
    try {
      thread.join(Duration.ofSeconds(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      while (!closed && !reading.getAsBoolean()) {
        Thread.sleep(LOOK);
      }
      while (!closed) {
        List<Write> writes = interests.due(now());
        writes.forEach(this::write);
        if (writes.isEmpty()) {
          var unused =
              something.tryAcquire(Math.max(1, interests.restFor(now())), TimeUnit.MILLISECONDS);
        }
        something.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(Write write) {
    byte[] value = PresenceEventCodec.write(write.event());
    var written =
        write.event() instanceof OfUser ofUser
            ? log.append(ofUser.userId(), value)
            : log.append(write.partition(), value);
    var unused =
        written.whenComplete(
            (done, failure) -> {
              if (failure != null && !closed) {
                LOG.warn(
                    "an interest in partition {} may not be in the log: {}",
                    write.partition(),
                    failure.toString());
                failed(write);
              }
            });
  }

  private void failed(Write write) {
    Fanout told = fanout;
    if (told != null) {
      // Not on the producer's own thread.
      told.execute(() -> begun(write.partition(), interests.failed(write, now())));
    }
  }

  /** It begins anew: whoever watches one of these users is told anew, too. */
  private void begun(int partition, boolean heard) {
    beginnings.increment();
    something.release();
    Fanout told = fanout;
    if (heard && told != null) {
      told.execute(() -> told.resync(Set.of(partition)));
    }
  }

  private static long now() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
  }

  private final class InboxReceiver implements ChangeFeed.Receiver {
    private final Fanout to;
    private final Changes changes;

    InboxReceiver(Fanout to) {
      this.to = to;
      this.changes = new Changes(to);
    }

    @Override
    public void take(ConsumerRecords<byte[], byte[]> records) {
      long now = now();
      for (ConsumerRecord<byte[], byte[]> record : records) {
        try {
          take(record, now);
        } catch (IOException | InvalidJsonException | NumberFormatException e) {
          LOG.warn(
              "not taken: {}-{} at {}: {}",
              record.topic(),
              record.partition(),
              record.offset(),
              e.getMessage());
        }
      }
      for (Missed missed : interests.missed(now)) {
        LOG.warn("something of {} was missed before {}", missed.userId(), missed.required());
        to.missed(missed.userId(), missed.required());
        missed.later().forEach(changes::add);
      }
      changes.tell();
    }

    private void take(ConsumerRecord<byte[], byte[]> record, long now)
        throws IOException, InvalidJsonException {
      byte[] key = record.key();
      byte[] value = record.value();
      if (key == null || value == null) {
        return;
      }
      long after = Inbox.after(record.headers());
      if (after >= 0) {
        if (interests.knows(new String(key, UTF_8))) {
          interests.changed(Change.read(value), after, now).forEach(changes::add);
        }
        return;
      }
      switch (Notice.read(value)) {
        case Notice.Heard heard -> {
          Interests.Answered answered =
              interests.answered(heard.gateway(), heard.userId(), heard.version(), now);
          if (answered != null) {
            // What is known from before the answer may be too old for what comes after it.
            to.missed(heard.userId(), heard.version());
            answered.told().forEach(changes::add);
            answered.ready().forEach(Runnable::run);
          }
        }
        case Notice.Lease lease -> {
          if (lease.held()) {
            interests.begun(lease.gateway(), lease.partition());
          } else {
            lost(lease);
          }
        }
      }
    }

    private void lost(Notice.Lease lease) {
      if (interests.isNamed(lease.gateway(), lease.partition())) {
        LOG.warn("the lease of {} in partition {} is lost", lease.gateway(), lease.partition());
        InterestDelivery.this.begun(
            lease.partition(), interests.lost(lease.gateway(), lease.partition()));
      }
    }

    @Override
    public void gap() {
      interests.gap();
      something.release();
      to.resync(null);
    }
  }
}
