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
  private static final Duration MAX_BLOCK = Duration.ofMillis(1_500);
  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(2);
  private static final int LINGER_MS = 1;
  private static final int MAX_POLL_RECORDS = 2_000;

  /** A body of a mebibyte, and what a record has beside its value. */
  private static final int MAX_REQUEST_BYTES = Topics.MAX_EVENT_BYTES + 64 * 1024;

  private final Admin admin;
  private final Producer<byte[], byte[]> producer;
  private final String events;
  private final String changes;
  private final Map<String, Object> config;
  private final ScheduledExecutorService checking;
  private volatile boolean reachable = true;

  private Kafka(
      Admin admin, Producer<byte[], byte[]> producer, Topics topics, Map<String, Object> config) {
    this.admin = admin;
    this.producer = producer;
    this.events = topics.events().name();
    this.changes = topics.changes().name();
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
          List.of(topics.events(), topics.changes()),
          Settings.PARTITIONS.get(environment),
          Optional.ofNullable(replication).map(Integer::shortValue));
      return new Kafka(
          admin,
          new KafkaProducer<>(
              producerConfig(config), new ByteArraySerializer(), new ByteArraySerializer()),
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

  /** The name of the topic of events. */
  String events() {
    return events;
  }

  /** The name of the topic of changes. */
  String changes() {
    return changes;
  }

  /** A new consumer: in no group, of what is committed; who asks for it closes it. */
  Consumer<byte[], byte[]> consumer() {
    Map<String, Object> settings = new HashMap<>(config);
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    // Where it was is gone: that is a gap, and not to be passed over.
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MAX_POLL_RECORDS);
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
}
