package io.presence.gateway;

import io.presence.schemas.settings.KafkaClients;
import io.presence.schemas.settings.Settings;
import io.presence.schemas.topic.TopicSetup;
import io.presence.schemas.topic.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The gateway's clients of Kafka. */
final class Kafka implements AutoCloseable {
  /** From here on an event is refused: a caller waits no longer. */
  private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(4);

  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(3);

  /** Of those who read: a broker that hangs is not waited for, others lead in its stead. */
  private static final Duration FETCH_TIMEOUT = Duration.ofSeconds(5);

  private static final Duration MAX_BLOCK = Duration.ofMillis(1_500);
  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(2);
  private static final Duration CURSOR_TIMEOUT = Duration.ofSeconds(1);
  private static final Duration CURSOR_MAX_BLOCK = Duration.ofMillis(100);
  private static final long CURSOR_BUFFER_BYTES = 8L * 1024 * 1024;
  private static final int LINGER_MS = 1;
  private static final int MAX_POLL_RECORDS = 2_000;

  /** A body of a mebibyte, and what a record has beside its value. */
  private static final int MAX_REQUEST_BYTES = Topics.MAX_EVENT_BYTES + 64 * 1024;

  private final Admin admin;
  private final Producer<byte[], byte[]> producer;
  private final Producer<byte[], byte[]> cursorProducer;
  private final Topics topics;
  private final Map<String, Object> config;
  private final ScheduledExecutorService checking;
  private volatile boolean reachable = true;

  private Kafka(
      Admin admin,
      Producer<byte[], byte[]> producer,
      Producer<byte[], byte[]> cursorProducer,
      Topics topics,
      Map<String, Object> config) {
    this.admin = admin;
    this.producer = producer;
    this.cursorProducer = cursorProducer;
    this.topics = topics;
    this.config = config;
    this.checking =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("kafka-check").factory());
    var unused =
        checking.scheduleWithFixedDelay(
            this::check, 0, CHECK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Connects, and makes sure that the topics are there and as they must be.
   *
   * @throws TopicSetup.UnfitTopicException if one is not
   */
  static Kafka connect(Map<String, String> environment) throws InterruptedException {
    Map<String, Object> config = KafkaClients.config(environment);
    config.putIfAbsent(CommonClientConfigs.CLIENT_ID_CONFIG, "presence-gateway");
    Topics topics = new Topics(Settings.TOPIC_PREFIX.getOrElse(environment, ""));
    Integer replication = Settings.REPLICATION_FACTOR.find(environment);
    Admin admin = Admin.create(config);
    try {
      TopicSetup.ensure(
          admin,
          List.of(
              topics.events(),
              topics.changes(),
              topics.channelEvents(),
              topics.channelChanges(),
              topics.channelCursors()),
          Settings.PARTITIONS.get(environment),
          Optional.ofNullable(replication).map(Integer::shortValue));
      if (GatewaySettings.byInterest(environment)) {
        TopicSetup.ensure(
            admin,
            List.of(topics.common()),
            Settings.PARTITIONS.get(environment),
            Optional.ofNullable(replication).map(Integer::shortValue));
        TopicSetup.ensure(
            admin,
            List.of(topics.inboxes()),
            Settings.INBOXES.get(environment),
            Optional.ofNullable(replication).map(Integer::shortValue));
      }
      return new Kafka(
          admin,
          new KafkaProducer<>(
              producerConfig(config), new ByteArraySerializer(), new ByteArraySerializer()),
          new KafkaProducer<>(
              cursorConfig(config), new ByteArraySerializer(), new ByteArraySerializer()),
          topics,
          config);
    } catch (RuntimeException | InterruptedException e) {
      admin.close(Duration.ZERO);
      throw e;
    }
  }

  Producer<byte[], byte[]> producer() {
    return producer;
  }

  /** For cursors: it is quick, and never repeats one by itself. */
  Producer<byte[], byte[]> cursorProducer() {
    return cursorProducer;
  }

  Topics topics() {
    return topics;
  }

  /** A new consumer: in no group, of what is committed; who asks for it closes it. */
  Consumer<byte[], byte[]> consumer() {
    Map<String, Object> settings = new HashMap<>(config);
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    // Where it was is gone: that is a gap, and not to be passed over.
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MAX_POLL_RECORDS);
    settings.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) FETCH_TIMEOUT.toMillis());
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** Whether a broker answered lately. */
  boolean reachable() {
    return reachable;
  }

  /** Waits for what is under way to be acknowledged, or to fail. */
  @Override
  public void close() {
    checking.shutdownNow();
    cursorProducer.close(Duration.ofMillis(500));
    producer.close(DELIVERY_TIMEOUT.plusSeconds(1));
    admin.close(Duration.ofSeconds(1));
  }

  private void check() {
    try {
      var nodes =
          admin
              .describeCluster(
                  new DescribeClusterOptions().timeoutMs((int) CHECK_INTERVAL.toMillis()))
              .nodes()
              .get();
      reachable = !nodes.isEmpty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      reachable = false;
    }
  }

  private static Map<String, Object> producerConfig(Map<String, Object> common) {
    Map<String, Object> config = new HashMap<>(common);
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.LINGER_MS_CONFIG, LINGER_MS);
    config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES);
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) DELIVERY_TIMEOUT.toMillis());
    config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) REQUEST_TIMEOUT.toMillis());
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, MAX_BLOCK.toMillis());
    return config;
  }

  /**
   * A cursor is worth nothing a second later: the leader's word is enough, and one that was not
   * taken must not come after the next.
   */
  private static Map<String, Object> cursorConfig(Map<String, Object> common) {
    Map<String, Object> config = new HashMap<>(common);
    config.put(
        CommonClientConfigs.CLIENT_ID_CONFIG,
        common.get(CommonClientConfigs.CLIENT_ID_CONFIG) + "-cursors");
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, false);
    config.put(ProducerConfig.ACKS_CONFIG, "1");
    config.put(ProducerConfig.RETRIES_CONFIG, 0);
    config.put(ProducerConfig.LINGER_MS_CONFIG, LINGER_MS);
    config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, CURSOR_BUFFER_BYTES);
    config.put(
        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) CURSOR_TIMEOUT.toMillis() + LINGER_MS);
    config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) CURSOR_TIMEOUT.toMillis());
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, CURSOR_MAX_BLOCK.toMillis());
    return config;
  }
}
