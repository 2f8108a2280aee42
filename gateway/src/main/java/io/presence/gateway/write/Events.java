package io.presence.gateway.write;

import io.presence.gateway.limit.Clock;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.topic.Partitioning;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * The way in for events: each is written at once, under its user's key, but for heartbeats, which
 * are gathered by partition.
 */
public final class Events {
  private final EventLog log;
  private final HeartbeatBatch[] batches;
  private final Clock clock;

  /**
   * @param executor runs what may wait for the log
   */
  public Events(EventLog log, Executor executor, Clock clock) {
    this.log = log;
    this.clock = clock;
    this.batches = new HeartbeatBatch[log.partitions()];
    for (int partition = 0; partition < batches.length; partition++) {
      int target = partition;
      batches[partition] = new HeartbeatBatch(value -> log.append(target, value), executor);
    }
  }

  /**
   * Writes one event, in its place among those of its user: never gathered.
   *
   * @return as {@link EventLog#append(String, byte[])} says
   */
  public CompletableFuture<Void> write(OfUser event) {
    byte[] value = PresenceEventCodec.write(event);
    Supplier<CompletableFuture<Void>> append = () -> log.append(event.userId(), value);
    HeartbeatBatch batch = batchOf(event.userId());
    return switch (event) {
      case Disconnected gone when gone.all() -> batch.overtakeAll(gone.userId(), append);
      case Disconnected gone -> batch.overtake(gone.userId(), gone.sessionName(), append);
      case Erased erased -> batch.overtakeAll(erased.userId(), append);
      case StatusSet status
          when status.scope() == Scope.SESSION && status.status() == SetStatus.AWAY ->
          batch.overtakeIdle(status.userId(), status.sessionName(), append);
      default -> append.get();
    };
  }

  /**
   * Writes a heartbeat as soon as its partition has no batch under way, together with all that came
   * in the meantime.
   *
   * @return as {@link EventLog#append(String, byte[])} says; done, too, when a goodbye of the
   *     session that came after the heartbeat is written, for then nothing is left to say
   */
  public CompletableFuture<Void> gather(Heartbeat heartbeat) {
    return batchOf(heartbeat.userId()).add(heartbeat);
  }

  /**
   * Takes a heartbeat that can change nothing now: it is written with others, at a {@link #flush}.
   */
  public void hold(Heartbeat heartbeat) {
    batchOf(heartbeat.userId()).hold(heartbeat, clock.nanos());
  }

  /**
   * Writes the heartbeats that are held, partition by partition: where there are few of them, not
   * before the first has waited for {@code longest}. It may wait for the log.
   */
  public void flush(Duration longest) {
    long now = clock.nanos();
    for (HeartbeatBatch batch : batches) {
      batch.flush(now, longest.toNanos());
    }
  }

  private HeartbeatBatch batchOf(String userId) {
    return batches[Partitioning.partitionOf(userId, batches.length)];
  }
}
