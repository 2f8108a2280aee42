package io.presence.standalone;

import io.presence.gateway.Gateway;
import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.settings.Setting;
import io.presence.schemas.settings.Settings;
import io.presence.schemas.topic.TopicSetup.UnfitTopicException;
import io.presence.streams.StreamsApp;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything in this JVM: a Kafka broker, one streams-app and one gateway that asks it directly.
 * What they keep is below {@code PRESENCE_DATA_DIR}: the broker's in {@code kafka}, the
 * streams-app's in {@code streams}.
 */
public final class Standalone implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Standalone.class);
  private static final Duration START_TIMEOUT = Duration.ofMinutes(2);

  private final EmbeddedKafka kafka;
  private final StreamsApp streams;
  private final Gateway gateway;

  private Standalone(EmbeddedKafka kafka, StreamsApp streams, Gateway gateway) {
    this.kafka = kafka;
    this.streams = streams;
    this.gateway = gateway;
  }

  /**
   * Starts everything, and returns when lookups are answered.
   *
   * @param environment the settings, see {@link Settings}
   * @throws InvalidSettingException if a setting is wrong
   * @throws UnfitTopicException if a topic that the broker has cannot be worked with
   * @throws StartException if something else is in the way: a port, the directory
   */
  public static Standalone start(Map<String, String> environment) throws InterruptedException {
    Settings.check(environment);
    // Seconds before it would fail by itself.
    Ports.free(
        Settings.HTTP_PORT.name(),
        address(Settings.HTTP_HOST, environment),
        Settings.HTTP_PORT.get(environment));
    Path data = Path.of(Settings.DATA_DIR.get(environment));
    EmbeddedKafka kafka =
        EmbeddedKafka.start(data.resolve("kafka"), Settings.KAFKA_PORT.get(environment));
    StreamsApp streams = null;
    Gateway gateway = null;
    try {
      Map<String, String> settings = settings(environment, kafka);
      forgetTheDead(settings);
      streams = StreamsApp.start(settings);
      gateway = Gateway.start(settings, streams.queries());
      awaitReady(streams, gateway);
      return new Standalone(kafka, streams, gateway);
    } catch (RuntimeException | InterruptedException e) {
      close(gateway, streams, kafka);
      throw e;
    }
  }

  /** The gateway's port. */
  public int httpPort() {
    return gateway.port();
  }

  /** What Kafka clients connect to. */
  public String bootstrapServers() {
    return kafka.bootstrapServers();
  }

  /** Waits until the broker has failed for good. */
  void awaitFailure() throws InterruptedException {
    kafka.awaitFailure();
  }

  /** Stops everything, the edge first. Takes a second or two. */
  @Override
  public void close() {
    close(gateway, streams, kafka);
  }

  private static void close(@Nullable AutoCloseable... parts) {
    for (AutoCloseable part : parts) {
      if (part == null) {
        continue;
      }
      try {
        part.close();
      } catch (Exception e) {
        log.warn("{} did not stop cleanly", part.getClass().getSimpleName(), e);
      }
    }
  }

  /** What suits one node that nobody else joins, where it is not said otherwise. */
  private static Map<String, String> settings(
      Map<String, String> environment, EmbeddedKafka kafka) {
    Map<String, String> settings = new HashMap<>(environment);
    for (Setting<String> other : List.of(Settings.KAFKA_CONFIG, Settings.BOOTSTRAP_SERVERS)) {
      if (settings.remove(other.name()) != null) {
        log.warn("{} is ignored: standalone has its own broker", other.name());
      }
    }
    settings.put(Settings.BOOTSTRAP_SERVERS.name(), kafka.bootstrapServers());
    settings.putIfAbsent(Settings.STANDBY_REPLICAS.name(), "0");
    settings.putIfAbsent(Settings.STREAMS_PORT.name(), "0");
    return settings;
  }

  /**
   * Whoever is in the group now was so when everything was killed: its partitions need not wait
   * until it is given up. One of another process, should there be any, joins again by itself.
   */
  private static void forgetTheDead(Map<String, String> settings) throws InterruptedException {
    String group = Settings.APPLICATION_ID.get(settings);
    try (Admin admin =
        Admin.create(
            Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                Settings.BOOTSTRAP_SERVERS.get(settings)))) {
      admin
          .removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions())
          .all()
          .get();
    } catch (ExecutionException | KafkaException e) {
      // There is no such group yet; or it gives them up by itself, but later.
      log.debug("the group {} cannot be told who is dead", group, e);
    }
  }

  private static void awaitReady(StreamsApp streams, Gateway gateway) throws InterruptedException {
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    while (!streams.ready() || !gateway.ready()) {
      if (System.nanoTime() - deadline > 0) {
        throw new StartException(
            "%s is not ready after %d s: see the log"
                .formatted(
                    streams.ready() ? "the gateway" : "the streams-app",
                    START_TIMEOUT.toSeconds()));
      }
      Thread.sleep(20);
    }
  }

  private static InetAddress address(Setting<String> setting, Map<String, String> environment) {
    String host = setting.get(environment);
    try {
      return InetAddress.getAllByName(host)[0];
    } catch (UnknownHostException e) {
      throw new InvalidSettingException(
          "%s: there is no address %s".formatted(setting.name(), host));
    }
  }
}
