package io.presence.cluster;

import io.presence.standalone.EmbeddedKafka;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** One broker of several. Its settings that begin with {@code KAFKA_} are the broker's own. */
public final class BrokerMain {
  static final String DIRECTORY = "BROKER_DIRECTORY";
  static final String PORT = "BROKER_PORT";
  static final String PREFIX = "KAFKA_";

  private BrokerMain() {}

  /** Runs until it is told to stop. */
  public static void main(String[] arguments) throws InterruptedException {
    Map<String, String> environment = System.getenv();
    Map<String, String> overrides = new HashMap<>();
    environment.forEach(
        (name, value) -> {
          if (name.startsWith(PREFIX)) {
            overrides.put(name.substring(PREFIX.length()), value);
          }
        });
    EmbeddedKafka kafka =
        EmbeddedKafka.start(
            Path.of(environment.getOrDefault(DIRECTORY, "")),
            Integer.parseInt(environment.getOrDefault(PORT, "0")),
            overrides);
    Runtime.getRuntime().addShutdownHook(new Thread(kafka::close, "shutdown"));
    System.out.println("broker is ready");
    kafka.awaitFailure();
    // As Kafka itself ends.
    Runtime.getRuntime().halt(1);
  }
}
