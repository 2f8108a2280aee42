package io.presence.gateway.write;

import io.presence.gateway.limit.Clock;
import io.presence.gateway.write.PresenceHeartbeats.Session;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The way in for events: each is written at once, under its user's key, but for heartbeats, which
 * are gathered by partition.
 */
public final class Events {
  private final EventLog log;
  private final HeartbeatBatches<Session, Heartbeat> batches;

  /**
   * @param executor runs what may wait for the log
   */
  public Events(EventLog log, Executor executor, Clock clock) {
    this.log = log;
    this.batches = new HeartbeatBatches<>(new PresenceHeartbeats(), log, executor, clock);
  }

  /**
   * Writes one event, in its place among those of its user: never gathered.
   *
   * @return as {@link EventLog#append(String, byte[])} says
   */
  public CompletableFuture<Void> write(OfUser event) {
    byte[] value = PresenceEventCodec.write(event);
    Supplier<CompletableFuture<Void>> append = () -> log.append(event.userId(), value);
    HeartbeatBatch<Session, Heartbeat> batch = batches.of(event.userId());
    return switch (event) {
      case Disconnected gone when gone.all() -> batch.overtakeAll(ofUser(gone.userId()), append);
      case Disconnected gone ->
          batch.overtake(new Session(gone.userId(), gone.sessionName()), append);
      case Erased erased -> batch.overtakeAll(ofUser(erased.userId()), append);
      case StatusSet status
          when status.scope() == Scope.SESSION && status.status() == SetStatus.AWAY ->
          // One that waits tells of an activity before that.
          batch.overtakeInPart(
              new Session(status.userId(), status.sessionName()),
              before -> PresenceHeartbeats.withActive(before, Boolean.FALSE),
              append);
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
    return batches.of(heartbeat.userId()).add(heartbeat);
  }

  /**
   * Takes a heartbeat that can change nothing now: it is written with others, at a {@link #flush}.
   */
  public void hold(Heartbeat heartbeat) {
    batches.hold(heartbeat.userId(), heartbeat);
  }

  /**
   * Writes the heartbeats that are held, partition by partition: where there are few of them, not
   * before the first has waited for {@code longest}. It may wait for the log.
   */
  public void flush(Duration longest) {
    batches.flush(longest);
  }

  private static Predicate<Session> ofUser(String userId) {
    return session -> session.userId().equals(userId);
  }
}
