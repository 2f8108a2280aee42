package io.presence.gateway.write;

import io.presence.gateway.limit.Clock;
import io.presence.gateway.write.ChannelHeartbeats.Session;
import io.presence.schemas.event.ChannelEvent.Disconnected;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.event.ChannelEventCodec;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * The way in for events of channels: each is written at once, under its channel's key, but for
 * heartbeats, which are gathered by partition.
 */
public final class ChannelEvents {
  private final EventLog log;
  private final HeartbeatBatches<Session, Heartbeat> batches;

  /**
   * @param executor runs what may wait for the log
   */
  public ChannelEvents(EventLog log, Executor executor, Clock clock) {
    this.log = log;
    this.batches = new HeartbeatBatches<>(new ChannelHeartbeats(), log, executor, clock);
  }

  /**
   * Writes one event, in its place among those of its channel: never gathered.
   *
   * @return as {@link EventLog#append(String, byte[])} says
   */
  public CompletableFuture<Void> write(OfMember event) {
    String channelId = event.channelId();
    byte[] value = ChannelEventCodec.write(event);
    Supplier<CompletableFuture<Void>> append = () -> log.append(channelId, value);
    HeartbeatBatch<Session, Heartbeat> batch = batches.of(channelId);
    return switch (event) {
      case Left left when left.sessionId() == null ->
          batch.overtakeAll(session -> session.isOf(channelId, left.userId()), append);
      case Left left -> batch.overtake(Session.of(left), append);
      case Disconnected gone -> batch.overtake(Session.of(gone), append);
      default -> append.get();
    };
  }

  /**
   * Writes a heartbeat as soon as its partition has no batch under way, together with all that came
   * in the meantime.
   *
   * @return as {@link Events#gather} says
   */
  public CompletableFuture<Void> gather(Heartbeat heartbeat) {
    return batches.of(heartbeat.channelId()).add(heartbeat);
  }

  /** Takes a heartbeat that nobody waits for: it is written with others, at a {@link #flush}. */
  public void hold(Heartbeat heartbeat) {
    batches.hold(heartbeat.channelId(), heartbeat);
  }

  /** As {@link Events#flush} does. */
  public void flush(Duration longest) {
    batches.flush(longest);
  }
}
