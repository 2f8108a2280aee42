package io.presence.bench.lookups;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.ChildJvm;
import io.presence.bench.Row;
import io.presence.bench.Servers;
import io.presence.bench.Servers.Server;
import io.presence.bench.load.HttpLoad;
import io.presence.bench.redis.RedisPresence;
import io.presence.bench.redis.RedisServer;
import io.presence.schemas.json.Json;
import io.presence.streams.StreamsApp;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Lookups of many users with privacy, by one client and by several at once: of the stores in the
 * same process, over HTTP of one process that is all, and over HTTP of a gateway with two
 * streams-apps apart; and the same of Redis, by its commands in one pipeline and behind an HTTP
 * server.
 */
public final class Lookups implements Benchmark {
  private static final String PIPELINED = "Redis pipelined";
  private static final String BEHIND_JAVALIN = "Redis behind Javalin";
  private static final List<Integer> SIZES = List.of(100, 1_000);
  private static final List<Integer> CLIENTS = List.of(1, 8, 32);
  private static final int LARGE = 1_000;
  private static final int BULKS = 64;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Nobody sends heartbeats, and all are to stay. */
  private static final Map<String, String> ALL_STAY = Map.of("PRESENCE_HEARTBEAT_TTL", "1h");

  /** So many ids, asked by so many clients. */
  private record Cell(int size, int clients) {
    String name(String how) {
      return "bulk %,d %s, %d %s"
          .formatted(size, how, clients, clients == 1 ? "client" : "clients");
    }
  }

  /** What came of a cell. */
  private record Figure(HttpLoad.Result result, double serverCpu) {
    double perSecond() {
      return result.requests() * 1e9 / result.took().toNanos();
    }
  }

  /** What tells CPU-seconds. */
  private interface CpuClock {
    double seconds() throws IOException;
  }

  @Override
  public String name() {
    return "lookups";
  }

  @Override
  public String about() {
    return "lookups of 100 and 1,000 users with privacy";
  }

  @Override
  public void run(Bench bench) throws Exception {
    Population population = new Population(bench.pick(4_000, 100_000));
    Map<Cell, Figure> pipelined = new HashMap<>();
    Map<Cell, Figure> behindJavalin = new HashMap<>();
    Optional<RedisServer> started = RedisServer.start(bench);
    if (started.isPresent()) {
      RedisServer redis = started.get();
      bench.say("Redis");
      RedisData.write(population, redis.port());
      pipelined.putAll(
          measure(
              bench, List.of(), population, new RedisPipeline(redis.port()), redis::cpuSeconds));
      Server javalin = RedisPresence.start(bench, redis);
      await(javalin, population);
      behindJavalin.putAll(
          measure(
              bench,
              List.of(javalin.jvm()),
              population,
              Asking.overHttp(javalin.httpPort()),
              () -> redis.cpuSeconds() + javalin.jvm().cpuSeconds()));
      javalin.jvm().close();
      redis.close();
    }

    Server broker = Servers.broker(bench);
    bench.say("in process");
    Map<Cell, Figure> inProcess = inProcess(bench, broker, population);
    report(bench, "in process", inProcess, PIPELINED, pipelined, null);

    if (!bench.quick()) {
      apart(bench, broker, population, behindJavalin);
    }
    broker.jvm().close();

    bench.say("standalone");
    Server standalone = Servers.standalone(bench, ALL_STAY);
    population.write(standalone.bootstrapServers());
    await(standalone, population);
    Map<Cell, Figure> overHttp =
        measure(
            bench,
            List.of(standalone.jvm()),
            population,
            Asking.overHttp(standalone.httpPort()),
            standalone.jvm()::cpuSeconds);
    report(bench, "over HTTP in standalone", overHttp, BEHIND_JAVALIN, behindJavalin, 40.0);
    report(bench, "over HTTP in standalone (2)", overHttp, PIPELINED, pipelined, 8.0);
  }

  private static void apart(
      Bench bench, Server broker, Population population, Map<Cell, Figure> behindJavalin)
      throws IOException, InterruptedException {
    bench.say("a gateway and two streams-apps");
    Server first = Servers.streamsApp(bench, broker, ALL_STAY);
    Server second = Servers.streamsApp(bench, broker, ALL_STAY);
    Server gateway = Servers.gateway(bench, broker, List.of(first, second), ALL_STAY);
    await(gateway, population);
    List<ChildJvm> apps = List.of(gateway.jvm(), first.jvm(), second.jvm());
    Map<Cell, Figure> apart =
        measure(
            bench,
            apps,
            population,
            Asking.overHttp(gateway.httpPort()),
            () -> cpuOf(apps) + broker.jvm().cpuSeconds());
    report(bench, "over HTTP, two streams-apps apart", apart, BEHIND_JAVALIN, behindJavalin, 10.0);
    for (ChildJvm app : apps) {
      app.close();
    }
  }

  private static Map<Cell, Figure> inProcess(Bench bench, Server broker, Population population)
      throws IOException, InterruptedException {
    Map<String, String> settings = new HashMap<>(ALL_STAY);
    settings.put("PRESENCE_BOOTSTRAP_SERVERS", broker.bootstrapServers());
    settings.put("PRESENCE_DATA_DIR", bench.directory("in-process").toString());
    settings.put("PRESENCE_STREAMS_PORT", "0");
    try (StreamsApp app = StreamsApp.start(settings)) {
      // Not before: it creates the topics.
      population.write(broker.bootstrapServers());
      InProcess asking = new InProcess(app.queries());
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (!app.ready()) {
        pause(deadline, "the streams-app is not ready");
      }
      for (Population.Bulk bulk : population.bulks(BULKS, LARGE)) {
        while (asking.shown(bulk) != bulk.shown()) {
          pause(deadline, "not all of the users are there");
        }
      }
      // All that is used is used by this process.
      return measure(bench, List.of(), population, asking, () -> 0);
    }
  }

  private static Map<Cell, Figure> measure(
      Bench bench, List<ChildJvm> servers, Population population, Asking asking, CpuClock cpu)
      throws IOException, InterruptedException {
    Duration time = bench.pick(Duration.ofMillis(200), Duration.ofMillis(1_500));
    List<Population.Bulk> large = population.bulks(BULKS, LARGE);
    bench.warmUp(
        servers,
        warm -> {
          var unused = asking.ask(large, 8, Duration.ZERO, warm);
        });
    Map<Cell, Figure> figures = new HashMap<>();
    for (int size : SIZES) {
      List<Population.Bulk> bulks = population.bulks(BULKS, size);
      for (int clients : CLIENTS) {
        double before = cpu.seconds();
        HttpLoad.Result result = asking.ask(bulks, clients, Duration.ZERO, time);
        if (result.failures() > 0) {
          throw new IOException(result.failures() + " of " + result.requests() + " failed");
        }
        figures.put(new Cell(size, clients), new Figure(result, cpu.seconds() - before));
      }
    }
    return figures;
  }

  /**
   * Adds a row for each cell.
   *
   * @param target what is asked of the ratio for many ids; null: nothing
   */
  private static void report(
      Bench bench,
      String how,
      Map<Cell, Figure> ours,
      String other,
      Map<Cell, Figure> theirs,
      @Nullable Double target) {
    for (int size : SIZES) {
      for (int clients : CLIENTS) {
        Cell cell = new Cell(size, clients);
        Figure figure = Objects.requireNonNull(ours.get(cell));
        Row row = Row.more(cell.name(how), "lookups/s", figure.perSecond());
        Figure reference = theirs.get(cell);
        row =
            reference == null
                ? row.againstNone(other, RedisServer.ABSENT)
                : row.against(other, reference.perSecond());
        if (target != null && size == LARGE && clients > 1 && !bench.quick()) {
          row = row.target(target);
        }
        bench.add(
            row.cpu(figure.serverCpu(), figure.result().clientCpu())
                .latencies(figure.result().latencies()));
      }
    }
  }

  private static double cpuOf(List<ChildJvm> all) throws IOException {
    double seconds = 0;
    for (ChildJvm each : all) {
      seconds += each.cpuSeconds();
    }
    return seconds;
  }

  /** Waits until lookups show as many as they should: the same of all that are measured. */
  private static void await(Server server, Population population)
      throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + server.httpPort() + "/v1/presence/query");
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (Population.Bulk bulk : population.bulks(BULKS, LARGE)) {
        HttpRequest request =
            HttpRequest.newBuilder(uri)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Asking.body(bulk)))
                .build();
        while (true) {
          HttpResponse<byte[]> answer =
              client.send(request, HttpResponse.BodyHandlers.ofByteArray());
          int shown = Json.MAPPER.readTree(answer.body()).path("presences").size();
          if (shown == bulk.shown()) {
            break;
          }
          pause(deadline, shown + " are shown instead of " + bulk.shown());
        }
      }
    }
  }

  private static void pause(long deadline, String why) throws IOException, InterruptedException {
    if (System.nanoTime() > deadline) {
      throw new IOException(why);
    }
    Thread.sleep(50);
  }
}
