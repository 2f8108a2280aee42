package io.presence.standalone;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real Kafka broker in this JVM: one node, KRaft, both roles, reachable on 127.0.0.1 alone. It
 * keeps what it has been told across restarts in its directory. It is up in a few seconds.
 *
 * <p>Kafka's own way out of a fatal error is to end the process. Here the error is logged, the
 * process goes on, and {@link #awaitFailure} returns.
 */
public final class EmbeddedKafka implements AutoCloseable {
  /** What errors name. Tests that start a broker of their own see them, too. */
  private static final String DIRECTORY_SETTING = "PRESENCE_DATA_DIR";

  private static final String PORT_SETTING = "PRESENCE_KAFKA_PORT";
  private static final String HOST = "127.0.0.1";
  private static final int NODE_ID = 1;
  private static final String NODE = "node.id";
  private static final String VOTERS = "controller.quorum.voters";
  private static final Logger log = LoggerFactory.getLogger(EmbeddedKafka.class);

  private final DataDirectory directory;
  private final KafkaRaftServer server;
  private final int port;
  private final CountDownLatch failed;
  private final AtomicBoolean closed = new AtomicBoolean();

  private EmbeddedKafka(
      DataDirectory directory, KafkaRaftServer server, int port, CountDownLatch failed) {
    this.directory = directory;
    this.server = server;
    this.port = port;
    this.failed = failed;
  }

  /**
   * Starts a broker, and returns when it takes requests.
   *
   * @param directory where its data is, or will be
   * @param port the port to listen on; 0: any free one
   * @throws StartException if the directory cannot be used or is in use, or the port is taken
   */
  public static EmbeddedKafka start(Path directory, int port) {
    return start(directory, port, Map.of());
  }

  /**
   * Starts a broker, and returns when it takes requests.
   *
   * @param overrides broker settings that replace those chosen here; those that name the same
   *     {@code controller.quorum.voters} make one cluster
   * @throws StartException if the directory cannot be used or is in use, or the port is taken
   */
  public static EmbeddedKafka start(Path directory, int port, Map<String, String> overrides) {
    return start(directory, port, overrides, Time.SYSTEM);
  }

  /**
   * Starts a broker with a clock of its own.
   *
   * @param overrides broker settings that replace those chosen here
   * @param clock what it stamps records by, among others
   * @throws StartException if the directory cannot be used or is in use, or the port is taken
   */
  public static EmbeddedKafka start(
      Path directory, int port, Map<String, String> overrides, Time clock) {
    DataDirectory locked = DataDirectory.open(DIRECTORY_SETTING, directory);
    KafkaRaftServer server = null;
    try {
      int brokerPort = Ports.free(PORT_SETTING, Ports.loopback(), port);
      CountDownLatch failed = new CountDownLatch(1);
      outliveFatalErrors(failed);
      format(locked.path(), overrides);
      server = new KafkaRaftServer(config(locked.path(), brokerPort, overrides), clock);
      server.startup();
      log.info("Kafka listens on {}:{}, data in {}", HOST, brokerPort, locked.path());
      return new EmbeddedKafka(locked, server, brokerPort, failed);
    } catch (StartException e) {
      locked.close();
      throw e;
    } catch (Exception e) {
      if (server != null) {
        server.shutdown();
      }
      locked.close();
      throw new StartException(
          "%s: Kafka cannot start on %s, port %d: %s"
              .formatted(DIRECTORY_SETTING, locked.path(), port, rootCause(e)),
          e);
    }
  }

  /** The port that it listens on. */
  public int port() {
    return port;
  }

  /** What clients connect to, as {@code host:port}. */
  public String bootstrapServers() {
    return HOST + ":" + port;
  }

  /** Waits until the broker has failed for good, a full disk being the usual cause. */
  public void awaitFailure() throws InterruptedException {
    failed.await();
  }

  /** Stops the broker and lets go of its directory. Returns when that is done; again: a no-op. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      server.shutdown();
      server.awaitShutdown();
      directory.close();
    }
  }

  private static void format(Path directory, Map<String, String> overrides) throws Exception {
    if (Files.exists(directory.resolve("meta.properties"))) {
      return;
    }
    new Formatter()
        .setPrintStream(
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
        .setNodeId(Integer.parseInt(overrides.getOrDefault(NODE, Integer.toString(NODE_ID))))
        .setClusterId(clusterId(overrides.get(VOTERS)).toString())
        .setReleaseVersion(MetadataVersion.latestProduction())
        .setControllerListenerName("CONTROLLER")
        .setMetadataLogDirectory(directory.toString())
        .addDirectory(directory.toString())
        .run();
  }

  /** Nodes that vote together have to be of one cluster before they have ever spoken. */
  private static Uuid clusterId(@Nullable String voters) {
    if (voters == null) {
      return Uuid.randomUuid();
    }
    UUID id = UUID.nameUUIDFromBytes(voters.getBytes(StandardCharsets.UTF_8));
    return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  private static KafkaConfig config(Path directory, int port, Map<String, String> overrides) {
    int controllerPort = Ports.free(PORT_SETTING, Ports.loopback(), 0);
    Map<String, String> config = new HashMap<>();
    config.put("process.roles", "broker,controller");
    config.put(NODE, Integer.toString(NODE_ID));
    config.put(
        "listeners",
        "PLAINTEXT://%s:%d,CONTROLLER://%s:%d".formatted(HOST, port, HOST, controllerPort));
    config.put("advertised.listeners", "PLAINTEXT://%s:%d".formatted(HOST, port));
    config.put("inter.broker.listener.name", "PLAINTEXT");
    config.put("controller.listener.names", "CONTROLLER");
    config.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    config.put(VOTERS, "%d@%s:%d".formatted(NODE_ID, HOST, controllerPort));
    config.put("log.dirs", directory.toString());
    config.put("auto.create.topics.enable", "false");

    // One node, so one replica; few partitions, for each costs files and time at each start.
    config.put("default.replication.factor", "1");
    config.put("min.insync.replicas", "1");
    config.put("offsets.topic.replication.factor", "1");
    config.put("offsets.topic.num.partitions", "4");
    config.put("transaction.state.log.replication.factor", "1");
    config.put("transaction.state.log.min.isr", "1");
    config.put("transaction.state.log.num.partitions", "4");
    config.put("share.coordinator.state.topic.replication.factor", "1");
    config.put("share.coordinator.state.topic.min.isr", "1");
    config.put("share.coordinator.state.topic.num.partitions", "1");
    config.put("log.segment.bytes", Integer.toString(128 * 1024 * 1024));
    config.put("log.index.size.max.bytes", Integer.toString(1024 * 1024));

    // Nobody else joins: nothing to wait for.
    config.put("group.initial.rebalance.delay.ms", "0");
    config.put("group.min.session.timeout.ms", "1000");
    // One that was killed is still registered when it starts again, and has to wait for this long.
    config.put("broker.session.timeout.ms", "3000");
    config.put("broker.heartbeat.interval.ms", "500");
    // A writer that died holds up readers for its own timeout, not for that and ten seconds.
    config.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
    // A transaction that begins while the markers of the last are written waits for so long, and
    // looks again. They are written in a millisecond or two; the default is 20.
    config.put("add.partitions.to.txn.retry.backoff.ms", "1");

    config.put("num.network.threads", "2");
    config.put("num.io.threads", "4");
    config.put("background.threads", "2");
    config.put("num.recovery.threads.per.data.dir", "2");
    config.put("log.cleaner.threads", "1");
    config.put("log.cleaner.dedupe.buffer.size", Integer.toString(16 * 1024 * 1024));
    config.put("metric.reporters", "");
    config.putAll(overrides);
    return new KafkaConfig(config, false);
  }

  private static void outliveFatalErrors(CountDownLatch failed) {
    Exit.Procedure procedure =
        (status, message) -> {
          log.error("Kafka failed with status {}: {}", status, message);
          failed.countDown();
          throw new IllegalStateException("Kafka failed: " + message);
        };
    Exit.setExitProcedure(procedure);
    Exit.setHaltProcedure(procedure);
  }

  private static String rootCause(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return message.replaceAll("\\s+", " ");
  }
}
