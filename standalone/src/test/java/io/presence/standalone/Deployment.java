package io.presence.standalone;

import static org.awaitility.Awaitility.await;

import io.presence.gateway.Gateway;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A standalone, and more gateways on its broker and its streams-app. */
final class Deployment implements AutoCloseable {
  static final Topics TOPICS = new Topics("");

  private final Map<String, String> settings;
  private final Standalone standalone;

  private Deployment(Map<String, String> settings, Standalone standalone) {
    this.settings = settings;
    this.standalone = standalone;
  }

  /**
   * Starts it, on ports of its own.
   *
   * @param more settings beside those
   */
  static Deployment start(Path data, Map<String, String> more) throws InterruptedException {
    Map<String, String> settings = new HashMap<>();
    settings.put("PRESENCE_DATA_DIR", data.toString());
    settings.put("PRESENCE_HTTP_PORT", "0");
    settings.put("PRESENCE_KAFKA_PORT", "0");
    settings.put(
        "PRESENCE_STREAMS_PORT",
        Integer.toString(Ports.free("PRESENCE_STREAMS_PORT", InetAddress.getLoopbackAddress(), 0)));
    settings.putAll(more);
    return new Deployment(settings, Standalone.start(settings));
  }

  /** The port of the gateway that is there from the start. */
  int port() {
    return standalone.httpPort();
  }

  String bootstrapServers() {
    return standalone.bootstrapServers();
  }

  /** Calls the gateway that is there from the start. */
  Client client() {
    return new Client(port());
  }

  TopicReader reader(Topic<?> topic) {
    return new TopicReader(bootstrapServers(), topic.name());
  }

  /** Appends to a topic, as any producer may. */
  void append(Topic<?> topic, String key, byte[] value) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      var unused =
          producer.send(
              new ProducerRecord<>(topic.name(), key.getBytes(StandardCharsets.UTF_8), value));
    }
  }

  /**
   * Starts one more gateway, which asks the streams-app over HTTP; whoever asks for it closes it.
   */
  Gateway gateway(Map<String, String> more) throws InterruptedException {
    Map<String, String> other = new HashMap<>(settings);
    other.put("PRESENCE_BOOTSTRAP_SERVERS", bootstrapServers());
    other.put("PRESENCE_STREAMS_URLS", "http://127.0.0.1:" + settings.get("PRESENCE_STREAMS_PORT"));
    other.putAll(more);
    Gateway gateway = Gateway.start(other, null);
    await().atMost(LiveView.PATIENCE).until(gateway::ready);
    return gateway;
  }

  @Override
  public void close() {
    standalone.close();
  }
}
