package io.presence.standalone;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.kafka.KafkaContainer;

/** A broker for a test: a container where a Docker engine answers, else the embedded one. */
record TestKafka(String bootstrapServers, AutoCloseable broker) implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TestKafka.class);
  private static final String IMAGE = "apache/kafka:4.3.1";

  static TestKafka start() {
    if (isDockerThere()) {
      log.info("Kafka for this test: the container {}", IMAGE);
      KafkaContainer container =
          new KafkaContainer(IMAGE)
              .withEnv("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
              .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
              .withEnv("KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", "1000")
              .withEnv("KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS", "1000");
      container.start();
      return new TestKafka(container.getBootstrapServers(), container);
    }
    log.info("Kafka for this test: the embedded broker, for no Docker engine answers");
    try {
      Path directory = Files.createTempDirectory("presence-kafka");
      EmbeddedKafka kafka = EmbeddedKafka.start(directory, 0);
      return new TestKafka(
          kafka.bootstrapServers(),
          () -> {
            kafka.close();
            delete(directory);
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws Exception {
    broker.close();
  }

  static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static boolean isDockerThere() {
    try {
      return DockerClientFactory.instance().isDockerAvailable();
    } catch (RuntimeException e) {
      return false;
    }
  }
}
