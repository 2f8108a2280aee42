package io.presence.bench.memory;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.Row;
import io.presence.bench.Servers;
import io.presence.bench.Servers.Server;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * What a user takes of a whole server's heap: as much as it grows by, garbage left out. First all
 * have a session open, then all have said goodbye, then one in a hundred has a hundred contacts.
 */
public final class MemoryBenchmark implements Benchmark {
  private static final double LIVE_TARGET = 800;
  private static final double OFFLINE_TARGET = 320;

  /** Nobody may time out while there is nobody to send heartbeats. */
  private static final Map<String, String> PATIENT =
      Map.of("PRESENCE_HEARTBEAT_TTL", "1h", "PRESENCE_AWAY_AFTER", "2h");

  /** So many come first: what is loaded and set up once is none of the others' cost. */
  private static final int FIRST = 20_000;

  private static final int CONTACTS = 100;
  private static final int LOOKS = 8;
  private static final int BETWEEN_LOOKS_MILLIS = 700;

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public String about() {
    return "heap for each known user, live session and contact";
  }

  @Override
  public void run(Bench bench) throws Exception {
    int few = bench.pick(20_000, 100_000);
    measure(bench, few, "", List.of());
    if (!bench.quick()) {
      measure(bench, 1_000_000, "", List.of());
      if (Runtime.version().feature() >= 25) {
        measure(bench, few, ", compact headers", List.of("-XX:+UseCompactObjectHeaders"));
      }
      measure(bench, few, ", heap beyond 32 GB", List.of("-XX:-UseCompressedOops"));
    }
  }

  private static void measure(Bench bench, int count, String how, List<String> flags)
      throws Exception {
    Server server =
        Servers.standalone(
            bench,
            bench.directory("memory"),
            PATIENT,
            flags.isEmpty() ? List.of("-Xmx4g") : List.of("-Xmx4g", flags.getFirst()));
    int first = bench.pick(2_000, FIRST);
    People people = new People();
    people.come(server, server, 0, first);
    people.go(server, server, 0, first);
    long before = settledHeapBytes(bench, server);
    people.come(server, server, first, first + count);
    long live = settledHeapBytes(bench, server);
    people.go(server, server, first, first + count);
    long offline = settledHeapBytes(bench, server);
    people.befriend(server, server, first, first + count / CONTACTS, CONTACTS);
    long befriended = settledHeapBytes(bench, server);
    server.jvm().close();
    String users = "%,d".formatted(count) + how;
    Row ofLive = Row.less("live session, " + users, "bytes", bytesEach(before, live, count));
    Row ofOffline =
        Row.less("known user, offline, " + users, "bytes", bytesEach(before, offline, count));
    bench.add(
        Row.less(
            "contact, of 100 that a user has, " + users,
            "bytes",
            bytesEach(offline, befriended, count)));
    bench.add(bench.quick() ? ofLive : ofLive.target(LIVE_TARGET));
    bench.add(bench.quick() ? ofOffline : ofOffline.target(OFFLINE_TARGET));
  }

  /**
   * The least of some looks: what is just being fetched or sent, a megabyte here and there, is no
   * user's.
   */
  private static long settledHeapBytes(Bench bench, Server server)
      throws IOException, InterruptedException {
    int looks = bench.pick(1, LOOKS);
    long least = server.jvm().usedHeapBytes();
    for (int look = 1; look < looks; look++) {
      Thread.sleep(BETWEEN_LOOKS_MILLIS);
      least = Math.min(least, server.jvm().usedHeapBytes());
    }
    return least;
  }

  /** Of few, the heap may have grown by less than it came and went by otherwise. */
  private static double bytesEach(long before, long after, int count) {
    return Math.max(1, (double) (after - before) / count);
  }
}
