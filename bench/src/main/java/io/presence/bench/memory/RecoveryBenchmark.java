package io.presence.bench.memory;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.Row;
import io.presence.bench.Servers;
import io.presence.bench.Servers.Server;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How long it takes from the start of a process to the first lookup that is right for users of all
 * partitions, after a clean stop and after a kill; and until a warm standby answers for an owner
 * that was killed.
 */
public final class RecoveryBenchmark implements Benchmark {
  private static final double TARGET = 15;
  private static final Map<String, String> PATIENT =
      Map.of("PRESENCE_HEARTBEAT_TTL", "1h", "PRESENCE_AWAY_AFTER", "2h");
  private static final int STANDBY_LAG_MILLIS = 5_000;
  private static final List<String> FLAGS = List.of("-Xmx4g");

  @Override
  public String name() {
    return "recovery";
  }

  @Override
  public String about() {
    return "restarts with many users, to the first right lookup";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int few = bench.pick(1_000, 100_000);
    restarts(bench, few);
    if (!bench.quick()) {
      restarts(bench, 1_000_000);
      takeover(bench, few);
      takeover(bench, 1_000_000);
    }
  }

  private static void restarts(Bench bench, int count) throws Exception {
    Path directory = bench.directory("recovery");
    Server server = Servers.standalone(bench, directory, PATIENT, FLAGS);
    People people = new People();
    // One in ten is online.
    int online = count / 10;
    people.come(server, server, 0, count);
    people.go(server, server, online, count);
    if (!bench.quick()) {
      server.jvm().kill();
      server = restart(bench, directory, people, count, "kill -9 at the end of the load");
    }
    server.jvm().close();
    server = restart(bench, directory, people, count, "a clean stop");
    server.jvm().kill();
    if (!bench.quick()) {
      server = restart(bench, directory, people, count, "kill -9 soon after that");
      server.jvm().close();
    }
  }

  private static Server restart(Bench bench, Path directory, People people, int count, String after)
      throws Exception {
    long begun = System.nanoTime();
    Server server = Servers.standalone(bench, directory, PATIENT, FLAGS);
    int online = count / 10;
    people.await(server, 0, online, "online");
    people.await(server, online, count, "offline");
    double seconds = (System.nanoTime() - begun) / 1e9;
    Row row =
        Row.less("standalone, %,d users, after %s".formatted(count, after), "s", seconds)
            .cpu(server.jvm().cpuSeconds(), 0);
    bench.add(bench.quick() ? row : row.target(TARGET));
    return server;
  }

  private static void takeover(Bench bench, int count) throws Exception {
    Server broker = Servers.broker(bench);
    Server first = Servers.streamsApp(bench, broker, PATIENT);
    Server second = Servers.streamsApp(bench, broker, PATIENT);
    Server gateway = Servers.gateway(bench, broker, List.of(first, second), PATIENT);
    People people = new People();
    people.come(broker, gateway, 0, count);
    // They read what the owners wrote a moment later.
    Thread.sleep(STANDBY_LAG_MILLIS);
    first.jvm().kill();
    double[] seconds = people.awaitOwners(gateway, 0, count, "online");
    String name = "%,d users, an owner killed, until ".formatted(count);
    bench.add(Row.less(name + "its standby answers", "s", seconds[0]));
    bench.add(
        Row.less(name + "another owns them", "s", seconds[1])
            .remark("the group gives an owner up 10 s after it was last heard of"));
  }
}
