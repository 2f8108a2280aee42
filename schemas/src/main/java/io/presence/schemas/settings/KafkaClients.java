package io.presence.schemas.settings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.CommonClientConfigs;

/** What every Kafka client is configured with. */
public final class KafkaClients {
  private KafkaClients() {}

  /**
   * The brokers, and whatever the file named by {@code PRESENCE_KAFKA_CONFIG} says.
   *
   * @throws InvalidSettingException if that file cannot be read
   */
  public static Map<String, Object> config(Map<String, String> environment) {
    Map<String, Object> config = new HashMap<>();
    config.put(
        CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, Settings.BOOTSTRAP_SERVERS.get(environment));
    String file = Settings.KAFKA_CONFIG.find(environment);
    if (file != null) {
      Properties properties = new Properties();
      try (InputStream in = Files.newInputStream(Path.of(file))) {
        properties.load(in);
      } catch (IOException e) {
        throw new InvalidSettingException(
            "%s: cannot read the file %s: %s"
                .formatted(Settings.KAFKA_CONFIG.name(), file, e.getMessage()));
      }
      for (String name : properties.stringPropertyNames()) {
        config.put(name, properties.getProperty(name));
      }
    }
    return config;
  }
}
