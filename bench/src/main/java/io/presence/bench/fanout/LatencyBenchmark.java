package io.presence.bench.fanout;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.ChildJvm;
import io.presence.bench.Cpu;
import io.presence.bench.Row;
import io.presence.bench.Servers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * From {@code PUT …/status} to the socket of one who watches, at a fixed rate, counted from when
 * the request was to be sent: what a server is late with is its own, not its client's, fault.
 */
public final class LatencyBenchmark implements Benchmark {
  private static final String EXACTLY_ONCE = "exactly_once_v2";
  private static final String AT_LEAST_ONCE = "at_least_once";
  private static final int ASKED_AT = 1_000;
  private static final double ASKED_P50 = 15;
  private static final double ASKED_P99 = 100;
  private static final double REACHED = 0.97;

  @Override
  public String name() {
    return "latency";
  }

  @Override
  public String about() {
    return "from a status put over HTTP to a watcher's socket, at 10, 1,000 and 5,000 a second";
  }

  @Override
  public void run(Bench bench) throws IOException, InterruptedException {
    for (String guarantee : List.of(EXACTLY_ONCE, AT_LEAST_ONCE)) {
      Servers.Server server =
          Servers.standalone(bench, Map.of("PRESENCE_PROCESSING_GUARANTEE", guarantee));
      try (Changes changes = new Changes(server.httpPort(), bench.pick(100, 1_000))) {
        bench.warmUp(
            List.of(server.jvm()),
            time -> {
              var unused = changes.run(ASKED_AT, time);
            });
        for (int rate : bench.pick(List.of(10, 1_000), List.of(10, 1_000, 5_000))) {
          measure(bench, server.jvm(), changes, guarantee, rate);
        }
      }
      // The next one must not share the machine with it.
      server.jvm().close();
    }
  }

  private static void measure(
      Bench bench, ChildJvm server, Changes changes, String guarantee, int rate)
      throws IOException {
    double serverBefore = server.cpuSeconds();
    double clientBefore = Cpu.ofSelf();
    Changes.Run run = changes.run(rate, bench.pick(Duration.ofSeconds(2), Duration.ofSeconds(8)));
    double serverCpu = server.cpuSeconds() - serverBefore;
    double clientCpu = Cpu.ofSelf() - clientBefore;
    if (run.latencies().getTotalCount() == 0) {
      throw new IOException("of %d changes a second not one came".formatted(rate));
    }
    boolean exactlyOnce = guarantee.equals(EXACTLY_ONCE);
    for (int percentile : List.of(50, 99)) {
      double millis = run.latencies().getValueAtPercentile(percentile) / 1000.0;
      Row row =
          Row.less(
                  String.format(Locale.ROOT, "%,d changes/s, %s, p%d", rate, guarantee, percentile),
                  "ms",
                  millis)
              .cpu(serverCpu, clientCpu)
              .latencies(run.latencies())
              .remark(remark(run, rate));
      bench.add(
          exactlyOnce && rate == ASKED_AT
              ? row.target(percentile == 50 ? ASKED_P50 : ASKED_P99)
              : row);
    }
  }

  private static String remark(Changes.Run run, int rate) {
    List<String> remarks = new ArrayList<>();
    if (run.perSecond() < REACHED * rate) {
      remarks.add(String.format(Locale.ROOT, "not reached: %,.0f changes/s", run.perSecond()));
    }
    say(remarks, run.unsent(), "not sent");
    say(remarks, run.refused(), "refused");
    say(remarks, run.lost(), "not seen");
    return String.join(", ", remarks);
  }

  private static void say(List<String> remarks, int count, String what) {
    if (count != 0) {
      remarks.add(String.format(Locale.ROOT, "%,d %s", count, what));
    }
  }
}
