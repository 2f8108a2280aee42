package io.presence.bench.micro;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.Row;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a heartbeat, a lookup and a tick cost, the more sessions are live. */
public final class GrowthBenchmark implements Benchmark {
  private static final int ROUNDS = 7;
  private static final int TICKS = 500;

  private record Costs(double heartbeat, double lookup, double tick) {}

  @Override
  public String name() {
    return "growth";
  }

  @Override
  public String about() {
    return "cost per heartbeat, lookup and tick as live sessions become more";
  }

  @Override
  public void run(Bench bench) throws IOException {
    List<Integer> sizes = bench.pick(List.of(1_000, 10_000), List.of(10_000, 100_000, 1_000_000));
    // The first one pays for the compilation of all.
    var unused = measure(bench, sizes.getFirst());
    Costs smallest = measure(bench, sizes.getFirst());
    for (int size : sizes.subList(1, sizes.size())) {
      Costs costs = measure(bench, size);
      String among = count(size) + " live sessions";
      String before = count(sizes.getFirst()) + " live sessions";
      // A ratio of a half is a cost of twice as much.
      bench.add(
          Row.less("heartbeat, " + among, "ns", costs.heartbeat)
              .against(before, smallest.heartbeat)
              .target(0.5));
      bench.add(
          Row.less("tick with nothing due, " + among, "ns", costs.tick)
              .against(before, smallest.tick)
              .target(0.5));
      bench.add(
          Row.less("lookup of 1,000 users, " + among, "ns a user", costs.lookup)
              .against(before, smallest.lookup));
    }
  }

  private static Costs measure(Bench bench, int size) throws IOException {
    bench.say("opens " + count(size) + " sessions");
    try (LiveSessions live = new LiveSessions(size)) {
      int batches = Math.max(live.batchCount(), bench.pick(50, 1_000));
      Costs costs =
          new Costs(
              median(batches, live::beat) / LiveSessions.BATCH,
              median(
                      Math.max(live.batchCount(), bench.pick(50, 200)),
                      () -> {
                        if (live.lookUp(LiveSessions.BATCH).size() != LiveSessions.BATCH) {
                          throw new IllegalStateException("some were not looked up");
                        }
                      })
                  / LiveSessions.BATCH,
              median(TICKS, live::tick));
      bench.say(
          String.format(
              Locale.ROOT,
              "heartbeat %.0f ns, lookup %.0f ns a user, tick %.0f ns",
              costs.heartbeat,
              costs.lookup,
              costs.tick));
      return costs;
    }
  }

  /** The median of some rounds, in nanoseconds each time. */
  private static double median(int times, Runnable action) {
    double[] rounds = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      long from = System.nanoTime();
      for (int i = 0; i < times; i++) {
        action.run();
      }
      rounds[round] = (double) (System.nanoTime() - from) / times;
    }
    Arrays.sort(rounds);
    return rounds[ROUNDS / 2];
  }

  private static String count(int size) {
    return String.format(Locale.ROOT, "%,d", size);
  }
}
