package io.presence.bench;

import io.presence.bench.fanout.FanoutBenchmark;
import io.presence.bench.fanout.LatencyBenchmark;
import io.presence.bench.heartbeats.HeartbeatsBenchmark;
import io.presence.bench.lookups.Lookups;
import io.presence.bench.memory.MemoryBenchmark;
import io.presence.bench.memory.RecoveryBenchmark;
import io.presence.bench.memory.SocketMemory;
import io.presence.bench.micro.GrowthBenchmark;
import io.presence.bench.micro.MicroBenchmark;
import io.presence.bench.writes.Writes;
import java.util.List;

/** All there are, in the order in which they run. */
final class Benchmarks {
  static final List<Benchmark> ALL =
      List.of(
          new HeartbeatsBenchmark(),
          new Writes(),
          new Lookups(),
          new FanoutBenchmark(),
          new LatencyBenchmark(),
          new MemoryBenchmark(),
          new SocketMemory(),
          new RecoveryBenchmark(),
          new GrowthBenchmark(),
          new MicroBenchmark());

  private Benchmarks() {}
}
