package io.presence.bench;

import io.presence.standalone.EmbeddedKafka;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The parts of Presence, each in a JVM of its own, with the defaults of production. */
public final class Servers {
  private static final String HOST = "127.0.0.1";

  /** As the launcher and the image have them. */
  private static final List<String> GATEWAY_FLAGS =
      List.of(
          "-XX:G1HeapRegionSize=1m",
          "-XX:G1PeriodicGCInterval=15000",
          "-XX:MinHeapFreeRatio=10",
          "-XX:MaxHeapFreeRatio=20");

  private static final List<String> LARGE_PAGES = List.of("-XX:+UseTransparentHugePages");

  private Servers() {}

  /**
   * One that runs.
   *
   * @param httpPort where it is asked; 0 for a broker
   * @param bootstrapServers of the broker it works with
   */
  public record Server(ChildJvm jvm, int httpPort, String bootstrapServers) {}

  /**
   * Broker, streams-app and gateway in one.
   *
   * @param environment settings that differ from the defaults
   */
  public static Server standalone(Bench bench, Map<String, String> environment)
      throws IOException, InterruptedException {
    return standalone(bench, bench.directory("standalone"), environment, List.of());
  }

  /**
   * The same, with its data in a directory that may have some.
   *
   * @param flags of its JVM
   */
  public static Server standalone(
      Bench bench, Path directory, Map<String, String> environment, List<String> flags)
      throws IOException, InterruptedException {
    int http = freePort();
    int kafka = freePort();
    Map<String, String> settings = new HashMap<>();
    settings.put("PRESENCE_HTTP_PORT", Integer.toString(http));
    settings.put("PRESENCE_KAFKA_PORT", Integer.toString(kafka));
    settings.put("PRESENCE_DATA_DIR", directory.toString());
    settings.put("PRESENCE_MESSAGE_RATE", "1000000");
    settings.putAll(environment);
    ChildJvm jvm =
        bench.own(
            ChildJvm.start(
                "io.presence.standalone.Main",
                settings,
                withQuietLog(Stream.concat(LARGE_PAGES.stream(), flags.stream()).toList()),
                directory.resolve("log"),
                "presence is ready"));
    return new Server(jvm, http, HOST + ":" + kafka);
  }

  /** A broker alone. */
  public static Server broker(Bench bench) throws IOException, InterruptedException {
    Path directory = bench.directory("broker");
    int port = freePort();
    ChildJvm jvm =
        bench.own(
            ChildJvm.start(
                Broker.class.getName(),
                Map.of(
                    "PRESENCE_DATA_DIR",
                    directory.toString(),
                    "PRESENCE_KAFKA_PORT",
                    Integer.toString(port)),
                withQuietLog(List.of()),
                directory.resolve("log"),
                "the broker is ready"));
    return new Server(jvm, 0, HOST + ":" + port);
  }

  /**
   * A streams-app.
   *
   * @param environment settings that differ from the defaults
   */
  public static Server streamsApp(Bench bench, Server broker, Map<String, String> environment)
      throws IOException, InterruptedException {
    return part(
        bench,
        "streams-app",
        "io.presence.streams.Main",
        "PRESENCE_STREAMS_PORT",
        broker,
        environment,
        LARGE_PAGES);
  }

  /**
   * A gateway.
   *
   * @param environment settings that differ from the defaults
   */
  public static Server gateway(
      Bench bench, Server broker, List<Server> streamsApps, Map<String, String> environment)
      throws IOException, InterruptedException {
    Map<String, String> settings = new HashMap<>();
    settings.put("PRESENCE_MESSAGE_RATE", "1000000");
    settings.put(
        "PRESENCE_STREAMS_URLS",
        streamsApps.stream()
            .map(app -> "http://" + HOST + ":" + app.httpPort)
            .collect(Collectors.joining(",")));
    settings.putAll(environment);
    return part(
        bench,
        "gateway",
        "io.presence.gateway.Main",
        "PRESENCE_HTTP_PORT",
        broker,
        settings,
        GATEWAY_FLAGS);
  }

  /** A port that nobody listens on. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Server part(
      Bench bench,
      String name,
      String mainClass,
      String portSetting,
      Server broker,
      Map<String, String> environment,
      List<String> flags)
      throws IOException, InterruptedException {
    Path directory = bench.directory(name);
    int port = freePort();
    Map<String, String> settings = new HashMap<>();
    settings.put("PRESENCE_BOOTSTRAP_SERVERS", broker.bootstrapServers);
    settings.put("PRESENCE_DATA_DIR", directory.toString());
    settings.put(portSetting, Integer.toString(port));
    settings.putAll(environment);
    ChildJvm jvm =
        bench.own(
            ChildJvm.start(
                mainClass,
                settings,
                withQuietLog(flags),
                directory.resolve("log"),
                name + " is ready"));
    return new Server(jvm, port, broker.bootstrapServers);
  }

  private static List<String> withQuietLog(List<String> flags) {
    return Stream.concat(
            flags.stream(), Stream.of("-Dlogback.configurationFile=logback-standalone.xml"))
        .toList();
  }

  /** A broker in a process. */
  static final class Broker {
    private Broker() {}

    /** Runs until it is told to stop. */
    public static void main(String[] args) throws InterruptedException {
      EmbeddedKafka kafka =
          EmbeddedKafka.start(
              Path.of(System.getenv("PRESENCE_DATA_DIR")),
              Integer.parseInt(System.getenv("PRESENCE_KAFKA_PORT")));
      Runtime.getRuntime().addShutdownHook(new Thread(kafka::close, "shutdown"));
      System.out.println("the broker is ready");
      kafka.awaitFailure();
    }
  }
}
