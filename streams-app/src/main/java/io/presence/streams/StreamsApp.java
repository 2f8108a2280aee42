package io.presence.streams;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.settings.KafkaClients;
import io.presence.schemas.settings.Settings;
import io.presence.schemas.topic.TopicSetup;
import io.presence.schemas.topic.Topics;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.core.Rules;
import io.presence.streams.query.StandbyFreshness;
import io.presence.streams.query.Standstill;
import io.presence.streams.query.StoreQueries;
import io.presence.streams.server.QueryServer;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance of the streams-app: the topology at work, and the server that answers queries about
 * what it holds. Instances with the same application id share the partitions among them.
 */
public final class StreamsApp implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StreamsApp.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final DeferredQueries queries = new DeferredQueries();
  private final LogTicks ticks;

  /** How many records a copy may be behind so that its partition may move to it. */
  private static final long ACCEPTABLE_LAG = 500;

  /** How many copies are made at a time before partitions move to them: all that are to move. */
  private static final int MAX_WARMUPS = 10_000;

  /** How often it is looked whether they can move: Kafka Streams allows no less. */
  private static final Duration PROBING_INTERVAL = Duration.ofMinutes(1);

  /**
   * How long a broker may take, for it may hang: others lead in its stead after some 9 s. What is
   * written is tried again before that, for its transaction ends by then.
   */
  private static final Duration PRODUCER_REQUEST_TIMEOUT = Duration.ofSeconds(4);

  /** Longer than the one of the group takes that makes the assignment, and asks brokers for it. */
  private static final Duration CONSUMER_REQUEST_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration ADMIN_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration ADMIN_REQUEST_TIMEOUT = Duration.ofSeconds(2);

  private final QueryServer server;
  private final KafkaStreams streams;
  private final StopMark stopped;
  private final KafkaStreamsMetrics streamsMetrics;
  private final StandbyFreshness freshness;
  private final Standstill standstill;
  private final UUID started = UUID.randomUUID();
  private final Tenures tenures;

  private StreamsApp(Map<String, String> environment) throws InterruptedException {
    String host = Settings.STREAMS_HOST.get(environment);
    String token = Settings.INTERNAL_TOKEN.find(environment);
    requireTokenBeyondLoopback(host, token);
    Topics topics = new Topics(Settings.TOPIC_PREFIX.getOrElse(environment, ""));
    int partitions = Settings.PARTITIONS.get(environment);
    PresenceTopology.Delivery delivery = PresenceTopology.Delivery.from(environment);
    Optional<Short> replication =
        Optional.ofNullable(Settings.REPLICATION_FACTOR.find(environment)).map(Integer::shortValue);
    Map<String, Object> clients = KafkaClients.config(environment);
    ensureTopics(clients, topics, partitions, replication, delivery);
    new ProcessorMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    Rules rules = Rules.from(environment);
    ChannelRules channelRules = ChannelRules.from(environment);
    Duration channelStall = channelRules.stallThreshold();
    ticks =
        new LogTicks(
            clients,
            rules.stallThreshold().compareTo(channelStall) > 0
                ? rules.stallThreshold()
                : channelStall);
    try {
      server =
          new QueryServer(
              host,
              Settings.STREAMS_PORT.get(environment),
              queries,
              token,
              this::ready,
              registry::scrape);
    } catch (RuntimeException e) {
      ticks.close();
      throw e;
    }
    Properties config = streamsConfig(environment, clients, host + ":" + server.port());
    standstill = new Standstill();
    tenures = new Tenures(isExactlyOnce(environment) ? null : standstill);
    streams =
        new KafkaStreams(
            PresenceTopology.build(
                new PresenceTopology.Configuration(
                    topics,
                    partitions,
                    rules,
                    Settings.TICK_INTERVAL.getOrElse(
                        environment,
                        Rules.smaller(Duration.ofSeconds(1), rules.heartbeatTtl(), 10)),
                    Settings.SESSION_HISTORY.get(environment),
                    channelRules,
                    Rules.smaller(Duration.ofSeconds(1), channelRules.ttl(), 10),
                    !isExactlyOnce(environment),
                    delivery),
                ticks.of(topics.events().name()),
                ticks.of(topics.channelEvents().name()),
                (name, processor) -> tenures.around(processor)),
            config);
    // The directory is locked from here on.
    stopped =
        StopMark.take(
            Path.of(
                config.getProperty(StreamsConfig.STATE_DIR_CONFIG),
                Settings.APPLICATION_ID.get(environment),
                "stopped"));
    if (!stopped.found() && isExactlyOnce(environment)) {
      // Kafka Streams does not trust what is left, either; but its thread would die of it, and the
      // next would have to wait until the group gives the first up.
      streams.cleanUp();
    }
    streams.setUncaughtExceptionHandler(
        failure -> {
          LOG.error("a stream thread died and is replaced", failure);
          return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
    streamsMetrics = new KafkaStreamsMetrics(streams);
    streamsMetrics.bindTo(registry);
    StandbyFreshness.TakenIn takenIn = new StandbyFreshness.TakenIn();
    streams.setStandbyUpdateListener(takenIn);
    streams.setGlobalStateRestoreListener(takenIn);
    freshness =
        new StandbyFreshness(
            streams,
            clients,
            takenIn,
            standstill,
            config.getProperty(StreamsConfig.APPLICATION_SERVER_CONFIG),
            Settings.APPLICATION_ID.get(environment),
            Map.of(
                PresenceTopology.PRESENCE_STORE, topics.events().name(),
                PresenceTopology.CHANNEL_STORE, topics.channelEvents().name()));
    StoreQueries stored =
        new StoreQueries(
            streams,
            config.getProperty(StreamsConfig.APPLICATION_SERVER_CONFIG),
            () -> started + "-" + tenures.renewals(),
            topics,
            partitions,
            rules,
            freshness,
            standstill);
    queries.target = stored;
    gaugeSilent(stored, "users", PresenceTopology.PRESENCE_STORE);
    gaugeSilent(stored, "channels", PresenceTopology.CHANNEL_STORE);
    streams.start();
  }

  /**
   * Starts an instance: creates the topics that are missing, checks those that are there, and joins
   * the group. Returns before it is {@link #ready}.
   *
   * @param environment the settings, see {@link Settings}
   * @throws InvalidSettingException if a setting is wrong
   * @throws TopicSetup.UnfitTopicException if a topic cannot be worked with
   */
  public static StreamsApp start(Map<String, String> environment) throws InterruptedException {
    return new StreamsApp(environment);
  }

  /** Answers from what this instance holds. */
  public Queries queries() {
    return queries;
  }

  /** Whether everything that is assigned to this instance is restored and running. */
  public boolean ready() {
    return queries.target != null && streams.state() == KafkaStreams.State.RUNNING;
  }

  /** The port of the query server. */
  public int port() {
    return server.port();
  }

  /** Finishes what is under way, commits, leaves the group. */
  @Override
  public void close() {
    server.close();
    boolean inTime =
        streams.close(
            CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP)
                .withTimeout(CLOSE_TIMEOUT));
    if (inTime) {
      stopped.put();
    }
    freshness.close();
    standstill.close();
    streamsMetrics.close();
    ticks.close();
    registry.close();
  }

  private static void ensureTopics(
      Map<String, Object> clients,
      Topics topics,
      int partitions,
      Optional<Short> replication,
      PresenceTopology.@Nullable Delivery delivery)
      throws InterruptedException {
    Admin admin = Admin.create(clients);
    try {
      TopicSetup.ensure(admin, topics.all(), partitions, replication);
      if (delivery != null) {
        TopicSetup.ensure(admin, List.of(topics.common()), partitions, replication);
        TopicSetup.ensure(admin, List.of(topics.inboxes()), delivery.inboxes(), replication);
      }
    } finally {
      // What is still asked for was given up.
      admin.close(Duration.ZERO);
    }
  }

  private void gaugeSilent(StoreQueries stored, String of, String store) {
    Gauge.builder(
            "presence.partitions.silent",
            () -> streams.state().isRunningOrRebalancing() ? stored.silent(store) : Double.NaN)
        .description("copies held here that may not answer: too old, or not whole yet")
        .tag("of", of)
        .register(registry);
  }

  private static Properties streamsConfig(
      Map<String, String> environment, Map<String, Object> clients, String boundTo) {
    Properties config = new Properties();
    config.putAll(clients);
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, Settings.APPLICATION_ID.get(environment));
    config.put(
        StreamsConfig.APPLICATION_SERVER_CONFIG,
        Settings.STREAMS_ADVERTISED.getOrElse(environment, boundTo));
    config.put(StreamsConfig.STATE_DIR_CONFIG, Settings.DATA_DIR.get(environment) + "/streams");
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Settings.STREAM_THREADS.get(environment));
    config.put(
        StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, Settings.STANDBY_REPLICAS.get(environment));
    // A partition moves to one that has a copy, not to one that has to make it first.
    config.put(StreamsConfig.ACCEPTABLE_RECOVERY_LAG_CONFIG, ACCEPTABLE_LAG);
    config.put(StreamsConfig.MAX_WARMUP_REPLICAS_CONFIG, MAX_WARMUPS);
    config.put(StreamsConfig.PROBING_REBALANCE_INTERVAL_MS_CONFIG, PROBING_INTERVAL.toMillis());
    config.put(
        StreamsConfig.PROCESSING_GUARANTEE_CONFIG, Settings.PROCESSING_GUARANTEE.get(environment));
    config.put(
        StreamsConfig.COMMIT_INTERVAL_MS_CONFIG,
        Settings.COMMIT_INTERVAL.get(environment).toMillis());
    // A commit that is due waits for the poll to end.
    config.put(
        StreamsConfig.POLL_MS_CONFIG,
        Math.max(1, Settings.COMMIT_INTERVAL.get(environment).toMillis() / 2));
    // A task has one partition to read: there is no other to wait for, nor to look at.
    config.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, StreamsConfig.MAX_TASK_IDLE_MS_DISABLED);
    config.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, Settings.GROUP_PROTOCOL.get(environment));
    config.put(
        StreamsConfig.REPLICATION_FACTOR_CONFIG,
        Settings.REPLICATION_FACTOR.getOrElse(environment, -1));
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0L);
    config.put("processing.exception.handler.global.enabled", true);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 2);
    // With short transactions one is often begun before the brokers have closed the last.
    config.put(StreamsConfig.producerPrefix(ProducerConfig.RETRY_BACKOFF_MS_CONFIG), 10);
    config.put(
        StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG),
        Topics.MAX_DEAD_LETTER_BYTES);
    config.put(
        StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG),
        Math.toIntExact(Settings.TRANSACTION_TIMEOUT.get(environment).toMillis()));
    config.put(
        StreamsConfig.producerPrefix(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG),
        (int) PRODUCER_REQUEST_TIMEOUT.toMillis());
    config.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG),
        (int) CONSUMER_REQUEST_TIMEOUT.toMillis());
    config.put(
        StreamsConfig.adminClientPrefix(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG),
        (int) ADMIN_REQUEST_TIMEOUT.toMillis());
    config.put(
        StreamsConfig.adminClientPrefix(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG),
        (int) ADMIN_TIMEOUT.toMillis());
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
    // With the next of these those who stay hear that partitions are moving; nobody owns them until
    // all have.
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), 500);
    config.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 2_000);
    return config;
  }

  private static boolean isExactlyOnce(Map<String, String> environment) {
    return Settings.PROCESSING_GUARANTEE.get(environment).startsWith("exactly_once");
  }

  private static void requireTokenBeyondLoopback(String host, @Nullable String token) {
    try {
      if (token == null && !InetAddress.getByName(host).isLoopbackAddress()) {
        throw new InvalidSettingException(
            "%s: not set, but %s=%s is not loopback: anyone could ask anything"
                .formatted(Settings.INTERNAL_TOKEN.name(), Settings.STREAMS_HOST.name(), host));
      }
    } catch (UnknownHostException e) {
      throw new InvalidSettingException(
          "%s: there is no address %s".formatted(Settings.STREAMS_HOST.name(), host));
    }
  }

  /** The server listens before there is anything to ask: its port is part of what streams tell. */
  private static final class DeferredQueries implements Queries {
    private volatile @Nullable Queries target;

    @Override
    public CompletionStage<Lookup.Answer> lookup(Lookup.Request request) {
      return with(queries -> queries.lookup(request));
    }

    @Override
    public CompletionStage<Question.Reply> ask(Question question) {
      return with(queries -> queries.ask(question));
    }

    @Override
    public CompletionStage<Ownership> ownership() {
      return with(Queries::ownership);
    }

    private <T> CompletionStage<T> with(Function<Queries, CompletionStage<T>> call) {
      Queries queries = target;
      if (queries == null) {
        return CompletableFuture.failedFuture(new IllegalStateException("starting"));
      }
      try {
        return call.apply(queries);
      } catch (RuntimeException e) {
        return CompletableFuture.failedFuture(e);
      }
    }
  }
}
