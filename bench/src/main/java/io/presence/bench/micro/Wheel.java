package io.presence.bench.micro;

import io.presence.streams.time.TimingWheel;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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

/** The timing wheel, with so many timers armed. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Wheel {
  private static final int TOGETHER = 1_000;

  /** Far enough that none of them is due while it is measured. */
  private static final long FAR = TimeUnit.DAYS.toMillis(40);

  private static final class Alarm extends TimingWheel.Timer {}

  /** How many timers are armed. */
  @Param({"10000", "100000", "1000000"})
  public int live;

  private final Random random = new Random(1);
  private final Alarm[] together = new Alarm[TOGETHER];
  private TimingWheel<Alarm> wheel = new TimingWheel<>(0);
  private Alarm[] alarms = {};
  private long now;
  private int next;
  private int expired;

  /** Arms them. */
  @Setup(Level.Iteration)
  public void arm() {
    now = 0;
    wheel = new TimingWheel<>(now);
    alarms = new Alarm[live];
    for (int i = 0; i < live; i++) {
      alarms[i] = new Alarm();
      wheel.arm(alarms[i], FAR + random.nextInt(30_000));
    }
    for (int i = 0; i < TOGETHER; i++) {
      together[i] = new Alarm();
    }
  }

  /** Arms a timer that is armed. */
  @Benchmark
  public void rearm() {
    wheel.arm(alarms[next], FAR + next % 30_000);
    next = (next + 1) % live;
  }

  /** Arms a timer, which expires at the next step. */
  @Benchmark
  @OperationsPerInvocation(TOGETHER)
  public int armAndExpire() {
    for (Alarm alarm : together) {
      wheel.arm(alarm, now + 1);
    }
    wheel.advance(++now, alarm -> expired++);
    return expired;
  }

  /** A millisecond in which nothing is due. */
  @Benchmark
  public int tick() {
    wheel.advance(++now, alarm -> expired++);
    return expired;
  }
}
