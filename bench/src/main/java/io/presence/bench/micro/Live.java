package io.presence.bench.micro;

import io.presence.schemas.query.Lookup;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The processor and its store, with so many sessions live. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Live {
  /** How many sessions are live. */
  @Param({"10000", "1000000"})
  public int live;

  private @Nullable LiveSessions sessions;

  /** Opens them. */
  @Setup(Level.Trial)
  public void open() throws IOException {
    sessions = new LiveSessions(live);
  }

  /** Ends them. */
  @TearDown(Level.Trial)
  public void close() {
    sessions().close();
  }

  /** A heartbeat of an open session in a batch, through the processor. */
  @Benchmark
  @OperationsPerInvocation(LiveSessions.BATCH)
  public void heartbeatInBatch() {
    sessions().beat();
  }

  /** A lookup of 100 users. */
  @Benchmark
  public List<Lookup.Entry> lookUp100() {
    return sessions().lookUp(100);
  }

  /** A lookup of 1,000 users. */
  @Benchmark
  public List<Lookup.Entry> lookUp1000() {
    return sessions().lookUp(1_000);
  }

  private LiveSessions sessions() {
    LiveSessions opened = sessions;
    if (opened == null) {
      throw new IllegalStateException("not opened");
    }
    return opened;
  }
}
