package io.presence.gateway;

import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.presence.gateway.auth.Authentication;
import io.presence.gateway.http.EventRoutes;
import io.presence.gateway.http.HttpServer;
import io.presence.gateway.http.OperatorRoutes;
import io.presence.gateway.http.PresenceRoutes;
import io.presence.gateway.http.Route;
import io.presence.gateway.http.UserRoutes;
import io.presence.gateway.limit.Clock;
import io.presence.gateway.limit.RateLimits;
import io.presence.gateway.lookup.RoutedQueries;
import io.presence.gateway.write.EventLog;
import io.presence.gateway.write.Events;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.settings.Settings;
import io.presence.schemas.topic.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running gateway: HTTP in front of Kafka and of the streams-apps. */
public final class Gateway implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

  private final PrometheusMeterRegistry registry;
  private final ExecutorService executor;
  private final List<Route> routes;
  private final HttpServer server;
  private final BooleanSupplier ready;
  private final AutoCloseable queries;
  private final AutoCloseable kafka;

  /**
   * Starts a gateway. Returns when it serves, ready or not.
   *
   * @param environment the settings, as {@link Settings} names them
   * @param local who answers in this JVM; null: the streams-apps that the settings name
   * @throws InvalidSettingException if a setting is wrong
   * @throws io.presence.schemas.topic.TopicSetup.UnfitTopicException if the topic of events cannot
   *     be worked with
   */
  public static Gateway start(Map<String, String> environment, @Nullable Queries local)
      throws InterruptedException {
    Authentication authentication = GatewaySettings.authentication(environment);
    Kafka kafka = Kafka.connect(environment);
    try {
      return new Gateway(
          environment,
          authentication,
          kafka.producer(),
          kafka.events(),
          kafka::reachable,
          kafka,
          local);
    } catch (RuntimeException e) {
      kafka.close();
      throw e;
    }
  }

  /** A gateway with a producer of someone else's. */
  Gateway(
      Map<String, String> environment,
      Authentication authentication,
      Producer<byte[], byte[]> producer,
      String topic,
      BooleanSupplier kafkaReachable,
      AutoCloseable kafka,
      @Nullable Queries local) {
    this.kafka = kafka;
    Duration timeout = Settings.LOOKUP_TIMEOUT.get(environment);
    Queries answering;
    if (local == null) {
      RoutedQueries routed =
          new RoutedQueries(
              Settings.STREAMS_URLS.get(environment),
              Settings.INTERNAL_TOKEN.find(environment),
              timeout);
      answering = routed;
      queries = routed;
      ready = () -> kafkaReachable.getAsBoolean() && routed.ready();
    } else {
      answering = local;
      queries = () -> {};
      ready = () -> kafkaReachable.getAsBoolean() && isOwnerKnown(local, timeout);
    }
    registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    bindMetrics(producer);
    executor = Executors.newVirtualThreadPerTaskExecutor();
    RateLimits limits = new RateLimits(GatewaySettings.rates(environment), Clock.system());
    EventLog log =
        new EventLog(producer, topic, Settings.PARTITIONS.get(environment), Topics.MAX_EVENT_BYTES);
    OperatorRoutes operator = new OperatorRoutes(ready, registry::scrape);
    // Three rounds, and a last one that finds out who became the owner.
    Duration patience = timeout.multipliedBy(5);
    routes =
        Stream.of(
                new EventRoutes(new Events(log, executor), limits).routes(),
                new PresenceRoutes(answering, limits, patience).routes(),
                new UserRoutes(answering, limits, patience).routes(),
                operator.routes())
            .flatMap(List::stream)
            .toList();
    try {
      server =
          new HttpServer(
              Settings.HTTP_HOST.get(environment),
              Settings.HTTP_PORT.get(environment),
              HttpServer.MAX_UNDER_WAY,
              Stream.concat(routes.stream(), operator.assets().stream()).toList(),
              authentication,
              limits,
              GatewaySettings.addresses(environment),
              registry);
    } catch (RuntimeException e) {
      executor.shutdownNow();
      closeQuietly(queries);
      registry.close();
      throw e;
    }
  }

  /** The port that is listened on. */
  public int port() {
    return server.port();
  }

  /** The routes of the API, those that its description names. */
  public List<Route> routes() {
    return routes;
  }

  /** Whether Kafka can be reached and it is known who owns what. It may wait for a second. */
  public boolean ready() {
    return ready.getAsBoolean();
  }

  /**
   * Accepts no more, finishes what is under way, and sees to it that Kafka has all that was
   * written. It takes up to twenty seconds.
   */
  @Override
  public void close() {
    server.close();
    closeQuietly(kafka);
    executor.close();
    closeQuietly(queries);
    registry.close();
  }

  private void bindMetrics(Producer<byte[], byte[]> producer) {
    Stream.of(
            new ClassLoaderMetrics(),
            new JvmMemoryMetrics(),
            new JvmThreadMetrics(),
            new ProcessorMetrics(),
            new UptimeMetrics(),
            new JvmGcMetrics(),
            new KafkaClientMetrics(producer))
        .forEach(metrics -> metrics.bindTo(registry));
  }

  private static boolean isOwnerKnown(Queries local, Duration timeout) {
    try {
      Ownership ownership =
          local.ownership().toCompletableFuture().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return ownership.instances().stream().anyMatch(instance -> !instance.active().isEmpty());
    } catch (ExecutionException | TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      LOG.warn("could not close {}", closeable, e);
    }
  }
}
