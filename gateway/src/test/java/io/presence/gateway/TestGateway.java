package io.presence.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.presence.schemas.query.Queries;
import io.presence.schemas.topic.Topics;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** A real gateway on a free port, with a producer that only remembers. */
public final class TestGateway implements AutoCloseable {
  static final String TOPIC = "presence-events";
  private static final String CHANGES = "presence-changes";
  private static final String CHANNEL_CHANGES = "channel-changes";
  private static final String CURSORS = "channel-cursors";
  private static final int PARTITIONS = 8;

  /** What happens while a write waits for room. */
  volatile Runnable meanwhile = () -> {};

  final MockProducer<byte[], byte[]> producer;
  private final MockProducer<byte[], byte[]> cursorProducer = producer(true);
  private final Map<String, MockConsumer<byte[], byte[]>> consumers =
      Map.of(
          CHANGES,
          consumer(CHANGES),
          CHANNEL_CHANGES,
          consumer(CHANNEL_CHANGES),
          CURSORS,
          consumer(CURSORS));
  private final AtomicLong changes = new AtomicLong();
  final AtomicBoolean kafkaReachable = new AtomicBoolean(true);
  final Gateway gateway;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private TestGateway(
      Map<String, String> settings, @Nullable Queries queries, boolean acknowledge) {
    producer = producer(acknowledge, () -> meanwhile.run());
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("PRESENCE_HTTP_PORT", "0");
    gateway =
        new Gateway(
            environment,
            GatewaySettings.authentication(environment),
            new Gateway.Log(
                producer,
                cursorProducer,
                topic -> Objects.requireNonNull(consumers.get(topic)),
                new Topics(""),
                kafkaReachable::get,
                producer),
            queries);
  }

  static TestGateway start(Map<String, String> settings, @Nullable Queries queries) {
    return new TestGateway(settings, queries, true);
  }

  /** One whose writes wait until the test has the producer acknowledge them. */
  static TestGateway startUnacknowledged(Queries queries) {
    return new TestGateway(Map.of(), queries, false);
  }

  private static MockConsumer<byte[], byte[]> consumer(String topic) {
    MockConsumer<byte[], byte[]> consumer =
        new MockConsumer<>("none") {
          @Override
          public synchronized Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(
              Map<TopicPartition, Long> times) {
            return new HashMap<>();
          }
        };
    Node node = new Node(0, "localhost", 1);
    Node[] nodes = {node};
    consumer.updatePartitions(topic, List.of(new PartitionInfo(topic, 0, node, nodes, nodes)));
    consumer.updateEndOffsets(Map.of(new TopicPartition(topic, 0), 0L));
    return consumer;
  }

  /** Has a record of {@code presence-changes} read; quotes are single ones. */
  void change(String userId, String json) {
    record(CHANGES, userId, json);
  }

  /** Has a record of {@code channel-changes} read; quotes are single ones. */
  void channelChange(String channelId, String json) {
    record(CHANNEL_CHANGES, channelId, json);
  }

  /** What was written of cursors; and forgets it. */
  List<String> cursors() {
    List<String> written = cursorProducer.history().stream().map(TestGateway::describe).toList();
    cursorProducer.clear();
    return written;
  }

  /** Has a record of {@code channel-cursors} read; quotes are single ones. */
  void cursor(String channelId, String json) {
    record(CURSORS, channelId, json);
  }

  private void record(String topic, String key, String json) {
    Objects.requireNonNull(consumers.get(topic))
        .addRecord(
            new ConsumerRecord<>(
                topic,
                0,
                changes.getAndIncrement(),
                System.currentTimeMillis(),
                TimestampType.CREATE_TIME,
                0,
                0,
                key.getBytes(UTF_8),
                json.replace('\'', '"').getBytes(UTF_8),
                new RecordHeaders(),
                Optional.empty()));
  }

  static MockProducer<byte[], byte[]> producer(boolean acknowledge) {
    return producer(acknowledge, () -> {});
  }

  private static MockProducer<byte[], byte[]> producer(boolean acknowledge, Runnable before) {
    Node node = new Node(0, "localhost", 1);
    Node[] nodes = {node};
    List<PartitionInfo> partitions =
        Stream.of(TOPIC, "channel-events", CURSORS)
            .flatMap(
                topic ->
                    IntStream.range(0, PARTITIONS)
                        .mapToObj(p -> new PartitionInfo(topic, p, node, nodes, nodes)))
            .toList();
    Cluster cluster = new Cluster("test", List.of(node), partitions, Set.of(), Set.of());
    return new MockProducer<>(
        cluster, acknowledge, null, new ByteArraySerializer(), new ByteArraySerializer()) {
      @Override
      @SuppressWarnings("UnsynchronizedOverridesSynchronized") // it waits without its lock
      public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> event, Callback callback) {
        before.run();
        return super.send(event, callback);
      }
    };
  }

  /** A request. */
  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + path));
  }

  HttpResponse<String> get(String path) throws Exception {
    return send(request(path));
  }

  HttpResponse<String> send(String method, String path, String json) throws Exception {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(json)));
  }

  HttpResponse<String> send(String method, String path) throws Exception {
    return send(request(path).method(method, HttpRequest.BodyPublishers.noBody()));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpClient client() {
    return client;
  }

  /** What was written, key and value; and forgets it. */
  List<String> written() {
    List<String> written = producer.history().stream().map(TestGateway::describe).toList();
    producer.clear();
    return written;
  }

  private static String describe(ProducerRecord<byte[], byte[]> event) {
    String key = event.key() == null ? "" : new String(event.key(), UTF_8) + " ";
    return key + new String(Objects.requireNonNull(event.value()), UTF_8);
  }

  @Override
  public void close() {
    client.shutdownNow();
    gateway.close();
  }
}
