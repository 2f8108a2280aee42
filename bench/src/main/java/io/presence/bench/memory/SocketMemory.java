package io.presence.bench.memory;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.ChildJvm;
import io.presence.bench.Cpu;
import io.presence.bench.Row;
import io.presence.bench.Servers;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What an idle socket holds of its gateway's memory, once all have been idle for a while. Resident
 * memory is what the kernel counts, as {@code ps} shows it, and nobody collects garbage for it but
 * the gateway itself.
 */
public final class SocketMemory implements Benchmark {
  private static final double KILO = 1_000;
  private static final double TARGET = 12;
  private static final int WATCHED = 20;
  private static final Duration STEP = Duration.ofMillis(500);
  private static final int MOST_STEPS = 20;
  private static final Duration IDLE = Duration.ofSeconds(50);

  /** CPU-seconds in a step of one that has nothing to do. */
  private static final double AT_REST = 0.06;

  /** What is asked is asked of a gateway alone. */
  private static final String ALONE = "connected";

  private static final String CONNECTED = "welcome";
  private static final String ANSWERED = "initial_presence";
  private static final List<String> WATCH =
      List.of(
          "{\"type\":\"set_online\",\"device\":\"web\"}",
          IntStream.range(0, WATCHED)
              .mapToObj(i -> "\"watched-" + i + "\"")
              .collect(Collectors.joining(",", "{\"type\":\"subscribe\",\"user_ids\":[", "]}")));

  @Override
  public String name() {
    return "sockets";
  }

  @Override
  public String about() {
    return "memory of idle sockets";
  }

  @Override
  public void run(Bench bench) throws IOException, InterruptedException {
    int count = bench.pick(2_000, 10_000);
    var broker = Servers.broker(bench);
    var streams = List.of(Servers.streamsApp(bench, broker, Map.of()));
    measure(bench, Servers.gateway(bench, broker, streams, Map.of()), count, ALONE, List.of());
    measure(
        bench,
        Servers.gateway(bench, broker, streams, Map.of()),
        count,
        "online, watching " + WATCHED,
        WATCH);
    if (!bench.quick()) {
      measure(
          bench, Servers.standalone(bench, Map.of()), count, "connected, in standalone", List.of());
    }
  }

  private static void measure(
      Bench bench, Servers.Server gateway, int count, String what, List<String> messages)
      throws IOException, InterruptedException {
    ChildJvm jvm = gateway.jvm();
    int steps = bench.pick(1, MOST_STEPS);
    rest(jvm, steps);
    bench.say(count + " sockets, " + what);
    // Else what starting left behind, and is given back meanwhile, would count for them.
    jvm.usedHeapBytes();
    long before = jvm.residentBytes();
    double cpu = jvm.cpuSeconds();
    double own = Cpu.ofSelf();
    long withThem;
    try (IdleSockets sockets =
        new IdleSockets(
            gateway.httpPort(), count, messages, messages.isEmpty() ? CONNECTED : ANSWERED)) {
      for (int i = 0; i < steps; i++) {
        double until = jvm.cpuSeconds();
        sockets.idle(STEP);
        if (jvm.cpuSeconds() - until < AT_REST) {
          break;
        }
      }
      sockets.idle(bench.pick(STEP, IDLE));
      double resident = (jvm.residentBytes() - before) / KILO / count;
      Row row =
          Row.less("idle socket, " + what + ": resident", "kB", resident)
              .remark(count + " sockets; CPU of their connecting");
      row = row.cpu(jvm.cpuSeconds() - cpu, Cpu.ofSelf() - own);
      bench.add(what.equals(ALONE) && !bench.quick() ? row.target(TARGET) : row);
      withThem = jvm.usedHeapBytes();
    }
    rest(jvm, steps);
    double heap = (withThem - jvm.usedHeapBytes()) / KILO / count;
    bench.add(
        Row.less("idle socket, " + what + ": heap", "kB", heap)
            .remark("live, against when they are gone"));
    jvm.close();
  }

  private static void rest(ChildJvm jvm, int steps) throws IOException, InterruptedException {
    for (int i = 0; i < steps; i++) {
      double until = jvm.cpuSeconds();
      Thread.sleep(STEP.toMillis());
      if (jvm.cpuSeconds() - until < AT_REST) {
        return;
      }
    }
  }
}
