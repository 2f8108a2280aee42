package io.presence.bench.fanout;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.ChildJvm;
import io.presence.bench.Cpu;
import io.presence.bench.Row;
import io.presence.bench.Servers;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One user says something new, and all who watch get it: with one update under way at a time, where
 * all that a change costs counts, and with sixteen, where it counts what leaves in one write. The
 * CPU of the server is that of the whole of standalone, Kafka's share included.
 */
public final class FanoutBenchmark implements Benchmark {
  private static final int ONE = 1;
  private static final int MANY = 16;
  private static final int ASKED_OF = 1_000;
  private static final double ASKED_OF_ONE = 150_000;
  private static final double ASKED_OF_MANY = 1_000_000;

  @Override
  public String name() {
    return "fanout";
  }

  @Override
  public String about() {
    return "updates to 100, 1,000 and 5,000 watchers, per CPU-second of the server";
  }

  @Override
  public void run(Bench bench) throws IOException, InterruptedException {
    Servers.Server server = Servers.standalone(bench, Map.of());
    List<Integer> sizes = bench.pick(List.of(100), List.of(100, 1_000, 5_000));
    byte[] update;
    try (Watchers watchers = new Watchers(server.httpPort(), bench.pick(100, 1_000), "warm-up")) {
      bench.warmUp(
          List.of(server.jvm()),
          time -> {
            var unused = watchers.run(MANY, time.dividedBy(2));
            unused = watchers.run(ONE, time.dividedBy(2));
          });
      update = watchers.lastUpdate();
    }
    ChildJvm floor =
        bench.own(
            ChildJvm.start(
                Floor.class.getName(),
                Map.of(Floor.UPDATE_VARIABLE, new String(update, UTF_8)),
                List.of(),
                bench.directory("floor").resolve("log"),
                Floor.READY));
    int floorPort = Integer.parseInt(floor.readyLine().substring(Floor.READY.length()).strip());
    Duration warmUp = bench.pick(Duration.ofMillis(500), Duration.ofSeconds(1));
    Duration time = bench.pick(Duration.ofSeconds(1), Duration.ofSeconds(4));
    for (int size : sizes) {
      String user = "watched-by-" + size;
      try (Watchers ours = new Watchers(server.httpPort(), size, user);
          Watchers bare = new Watchers(floorPort, size, user)) {
        for (int outstanding : List.of(ONE, MANY)) {
          Measured of = measure(ours, server.jvm(), outstanding, warmUp, time);
          Measured least = measure(bare, floor, outstanding, warmUp, time.dividedBy(2));
          add(bench, size, outstanding, of, least);
        }
      }
    }
  }

  private record Measured(Watchers.Run run, double serverCpu, double clientCpu) {
    double perCpuSecond() {
      return run.deliveries() / serverCpu;
    }
  }

  private static Measured measure(
      Watchers watchers, ChildJvm server, int outstanding, Duration warmUp, Duration time)
      throws IOException {
    var unused = watchers.run(outstanding, warmUp);
    double serverBefore = server.cpuSeconds();
    double clientBefore = Cpu.ofSelf();
    Watchers.Run run = watchers.run(outstanding, time);
    // The kernel counts in hundredths: what used less used one at most.
    double serverCpu = Math.max(0.01, server.cpuSeconds() - serverBefore);
    return new Measured(run, serverCpu, Cpu.ofSelf() - clientBefore);
  }

  private static void add(Bench bench, int size, int outstanding, Measured ours, Measured floor) {
    String name = String.format(Locale.ROOT, "%,d watchers, %d outstanding", size, outstanding);
    String unit = "deliveries per server CPU-s";
    Row row =
        Row.more(name, unit, ours.perCpuSecond())
            .cpu(ours.serverCpu(), ours.clientCpu())
            .latencies(ours.run().latencies())
            .remark(String.format(Locale.ROOT, "%,.0f deliveries/s", ours.run().perSecond()));
    bench.add(
        size == ASKED_OF ? row.target(outstanding == ONE ? ASKED_OF_ONE : ASKED_OF_MANY) : row);
    bench.add(
        Row.more(name + ", against the floor", unit, ours.perCpuSecond())
            .against("a bare loop of writes", floor.perCpuSecond())
            .remark(
                String.format(
                    Locale.ROOT, "the floor: %,.0f deliveries/s", floor.run().perSecond())));
  }
}
