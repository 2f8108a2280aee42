package io.presence.gateway.write;

import io.presence.gateway.limit.Clock;
import io.presence.schemas.topic.Partitioning;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** The batches of a topic, one for each partition. */
final class HeartbeatBatches<K, H> {
  private final List<HeartbeatBatch<K, H>> batches;
  private final Clock clock;

  HeartbeatBatches(HeartbeatBatch.Kind<K, H> kind, EventLog log, Executor executor, Clock clock) {
    this.clock = clock;
    this.batches = new ArrayList<>(log.partitions());
    for (int partition = 0; partition < log.partitions(); partition++) {
      int target = partition;
      batches.add(new HeartbeatBatch<>(kind, value -> log.append(target, value), executor));
    }
  }

  HeartbeatBatch<K, H> of(String key) {
    return batches.get(Partitioning.partitionOf(key, batches.size()));
  }

  void hold(String key, H heartbeat) {
    of(key).hold(heartbeat, clock.nanos());
  }

  void flush(Duration longest) {
    long now = clock.nanos();
    for (HeartbeatBatch<K, H> batch : batches) {
      batch.flush(now, longest.toNanos());
    }
  }
}
