package io.presence.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/** Three brokers, three streams-apps and two gateways, each a process on loopback. */
final class Cluster implements AutoCloseable {
  static final int PARTITIONS = 8;
  private static final String HOST = "127.0.0.1";
  private static final int BROKERS = 3;
  private static final int STREAMS_APPS = 3;
  private static final int GATEWAYS = 2;

  /**
   * After which the controller gives up a broker; as Kafka chooses, which is harder than what is
   * recommended: owners whose transactions a broker holds up are fenced before that.
   */
  private static final String BROKER_SESSION_TIMEOUT =
      System.getProperty("cluster.broker.session.timeout.ms", "9000");

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static @Nullable Path archive;

  final List<Member> brokers = new ArrayList<>();
  final List<Member> streamsApps = new ArrayList<>();
  final List<Member> gateways = new ArrayList<>();
  final List<Integer> gatewayPorts = new ArrayList<>();
  final String bootstrapServers;
  private final Path data;
  private final List<Integer> streamsPorts;
  private final Admin admin;

  private Cluster(Path logs, Path data, Path archive, Map<String, String> settings)
      throws IOException {
    this.data = data;
    String classes = "-XX:SharedArchiveFile=" + archive;
    List<Integer> ports = freePorts(2 * BROKERS + STREAMS_APPS + GATEWAYS);
    String voters =
        IntStream.range(0, BROKERS)
            .mapToObj(i -> (i + 1) + "@" + HOST + ":" + ports.get(BROKERS + i))
            .collect(Collectors.joining(","));
    bootstrapServers =
        ports.subList(0, BROKERS).stream()
            .map(port -> HOST + ":" + port)
            .collect(Collectors.joining(","));
    admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
    for (int i = 0; i < BROKERS; i++) {
      String name = "broker-" + (i + 1);
      brokers.add(
          new Member(
              name,
              logs,
              BrokerMain.class.getName(),
              "broker is ready",
              classes,
              broker(i + 1, ports.get(i), ports.get(BROKERS + i), voters, data.resolve(name))));
    }
    streamsPorts = ports.subList(2 * BROKERS, 2 * BROKERS + STREAMS_APPS);
    for (int i = 0; i < STREAMS_APPS; i++) {
      String name = "streams-app-" + (i + 1);
      Map<String, String> own = new HashMap<>(settings);
      own.put("PRESENCE_BOOTSTRAP_SERVERS", bootstrapServers);
      own.put("PRESENCE_STREAMS_PORT", Integer.toString(streamsPorts.get(i)));
      own.put("PRESENCE_DATA_DIR", data.resolve(name).toString());
      streamsApps.add(
          new Member(name, logs, "io.presence.streams.Main", "streams-app is ready", classes, own));
    }
    String urls =
        streamsPorts.stream()
            .map(port -> "http://" + HOST + ":" + port)
            .collect(Collectors.joining(","));
    for (int i = 0; i < GATEWAYS; i++) {
      int port = ports.get(2 * BROKERS + STREAMS_APPS + i);
      Map<String, String> own = new HashMap<>(settings);
      own.put("PRESENCE_BOOTSTRAP_SERVERS", bootstrapServers);
      own.put("PRESENCE_HTTP_PORT", Integer.toString(port));
      own.put("PRESENCE_STREAMS_URLS", urls);
      gateways.add(
          new Member(
              "gateway-" + (i + 1),
              logs,
              "io.presence.gateway.Main",
              "gateway is ready",
              classes,
              own));
      gatewayPorts.add(port);
    }
  }

  /**
   * Starts all of it, and returns when all of it is ready.
   *
   * @param logs where the logs will be, and stay
   * @param settings of streams-apps and gateways
   */
  static Cluster start(Path logs, Map<String, String> settings)
      throws IOException, InterruptedException {
    Files.createDirectories(logs);
    Cluster cluster =
        new Cluster(logs, Files.createTempDirectory("presence-cluster"), archive(), settings);
    try {
      start(cluster.brokers);
      start(cluster.streamsApps);
      start(cluster.gateways);
    } catch (Throwable e) {
      cluster.close();
      throw e;
    }
    return cluster;
  }

  /**
   * The classes of all of them, as one process that is all of them at once loads them: what starts
   * with it takes a quarter less, and they start some fifty times. Made once by each JVM that
   * starts clusters, for the next may run another build.
   */
  private static synchronized Path archive() throws IOException, InterruptedException {
    Path made = archive;
    if (made == null) {
      Path directory = Files.createDirectories(Path.of("target", "cluster").toAbsolutePath());
      made = directory.resolve("classes.jsa");
      Files.deleteIfExists(made);
      Path data = Files.createTempDirectory("presence-classes");
      Member all =
          new Member(
              "classes",
              directory,
              "io.presence.standalone.Main",
              "presence is ready",
              "-XX:ArchiveClassesAtExit=" + made,
              Map.of(
                  "PRESENCE_DATA_DIR",
                  data.toString(),
                  "PRESENCE_HTTP_PORT",
                  "0",
                  "PRESENCE_KAFKA_PORT",
                  "0"));
      try {
        all.start();
        all.awaitReady();
        all.stop();
      } finally {
        all.end();
        delete(data);
      }
      archive = made;
    }
    return made;
  }

  /** Starts these at once, and waits for all of them. */
  static void start(List<Member> members) throws InterruptedException {
    members.forEach(Member::start);
    for (Member member : members) {
      member.awaitReady();
    }
  }

  List<Member> members() {
    return Stream.of(brokers, streamsApps, gateways).flatMap(List::stream).toList();
  }

  /**
   * Waits until it is whole again: all replicas in sync, each partition with an owner and a
   * standby. Without that, the next fault would be the second one at a time.
   */
  void awaitWhole() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    String missing = missing();
    while (!missing.isEmpty()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not whole again: " + missing);
      }
      Thread.sleep(250);
      missing = missing();
    }
  }

  private String missing() throws InterruptedException {
    try {
      String lagging =
          admin
              .describeTopics(admin.listTopics().names().get())
              .allTopicNames()
              .get()
              .values()
              .stream()
              .flatMap(
                  topic ->
                      topic.partitions().stream()
                          .filter(partition -> partition.isr().size() < BROKERS)
                          .map(partition -> topic.name() + "-" + partition.partition()))
              .collect(Collectors.joining(" "));
      return lagging.isEmpty() ? missingOwners() : "not in sync: " + lagging;
    } catch (ExecutionException | IOException e) {
      return e.toString();
    }
  }

  private String missingOwners() throws IOException, InterruptedException {
    for (int port : streamsPorts) {
      JsonNode instances =
          Json.MAPPER.readTree(get(port, "/internal/v1/ownership")).path("instances");
      for (String role : List.of("active", "standby", "channel_active", "channel_standby")) {
        Set<Integer> held = new HashSet<>();
        instances.forEach(
            instance -> instance.path(role).forEach(partition -> held.add(partition.asInt())));
        if (instances.size() < STREAMS_APPS || held.size() < PARTITIONS) {
          return port + " knows of " + role + ": " + instances;
        }
      }
    }
    return "";
  }

  /** How many partitions the streams-apps say that they hold and may not answer for. */
  double silentPartitions() throws IOException, InterruptedException {
    double silent = 0;
    for (int port : streamsPorts) {
      silent +=
          get(port, "/metrics")
              .lines()
              .filter(line -> line.startsWith("presence_partitions_silent{"))
              .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
              .sum();
    }
    return silent;
  }

  private static String get(int port, String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://%s:%d%s".formatted(HOST, port, path)))
            .timeout(Duration.ofSeconds(2))
            .build();
    return Gateways.HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  /** Ends all of it, however it is, and deletes its data. */
  @Override
  public void close() throws InterruptedException, IOException {
    admin.close(Duration.ZERO);
    for (Member member : members()) {
      member.end();
    }
    delete(data);
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static Map<String, String> broker(
      int id, int port, int controllerPort, String voters, Path directory) {
    Map<String, String> environment = new HashMap<>();
    environment.put(BrokerMain.DIRECTORY, directory.toString());
    environment.put(BrokerMain.PORT, Integer.toString(port));
    Map<String, String> overrides = new HashMap<>();
    overrides.put("node.id", Integer.toString(id));
    overrides.put("controller.quorum.voters", voters);
    overrides.put(
        "listeners",
        "PLAINTEXT://%s:%d,CONTROLLER://%s:%d".formatted(HOST, port, HOST, controllerPort));
    overrides.put("default.replication.factor", "3");
    overrides.put("min.insync.replicas", "2");
    overrides.put("offsets.topic.replication.factor", "3");
    overrides.put("transaction.state.log.replication.factor", "3");
    overrides.put("transaction.state.log.min.isr", "2");
    overrides.put("share.coordinator.state.topic.replication.factor", "3");
    overrides.put("share.coordinator.state.topic.min.isr", "2");
    overrides.put("broker.session.timeout.ms", BROKER_SESSION_TIMEOUT);
    overrides.forEach((name, value) -> environment.put(BrokerMain.PREFIX + name, value));
    return environment;
  }

  /**
   * Ports that nobody listens on, below those that connections get: they stay free while the one
   * that listens there is down.
   */
  private static List<Integer> freePorts(int count) throws IOException {
    List<Integer> ports = new ArrayList<>();
    int port = ThreadLocalRandom.current().nextInt(15_000, 30_000);
    while (ports.size() < count) {
      port++;
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        ports.add(socket.getLocalPort());
      } catch (BindException e) {
        // The next one, then.
      }
    }
    return ports;
  }
}
