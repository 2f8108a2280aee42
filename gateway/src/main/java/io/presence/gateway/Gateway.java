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
import io.presence.gateway.http.ChannelRoutes;
import io.presence.gateway.http.EventRoutes;
import io.presence.gateway.http.HttpServer;
import io.presence.gateway.http.OperatorRoutes;
import io.presence.gateway.http.PageRoutes;
import io.presence.gateway.http.PresenceRoutes;
import io.presence.gateway.http.Route;
import io.presence.gateway.http.UserRoutes;
import io.presence.gateway.limit.ClientAddress;
import io.presence.gateway.limit.Clock;
import io.presence.gateway.limit.RateLimits;
import io.presence.gateway.live.ChangeFeed;
import io.presence.gateway.live.ChannelFanout;
import io.presence.gateway.live.Delivery;
import io.presence.gateway.live.Fanout;
import io.presence.gateway.live.InterestDelivery;
import io.presence.gateway.lookup.Directory;
import io.presence.gateway.lookup.MemberLists;
import io.presence.gateway.lookup.RoutedQueries;
import io.presence.gateway.socket.SocketRules;
import io.presence.gateway.socket.SocketUpgrade;
import io.presence.gateway.socket.Sockets;
import io.presence.gateway.socket.StreamHandler;
import io.presence.gateway.write.ChannelEvents;
import io.presence.gateway.write.CursorLog;
import io.presence.gateway.write.EventLog;
import io.presence.gateway.write.Events;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.settings.Settings;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
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
  private final List<ChangeFeed> feeds;
  private final @Nullable InterestDelivery delivery;
  private final Sockets sockets;

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
          new Log(
              kafka.producer(),
              kafka.cursorProducer(),
              topic -> kafka.consumer(),
              kafka.topics(),
              kafka::reachable,
              kafka),
          local);
    } catch (RuntimeException e) {
      kafka.close();
      throw e;
    }
  }

  /**
   * Its way to Kafka.
   *
   * @param consumers a new one for a topic
   * @param closing closes all of it
   */
  record Log(
      Producer<byte[], byte[]> producer,
      Producer<byte[], byte[]> cursorProducer,
      Function<String, org.apache.kafka.clients.consumer.Consumer<byte[], byte[]>> consumers,
      Topics topics,
      BooleanSupplier reachable,
      AutoCloseable closing) {}

  /** A gateway with clients of Kafka of someone else's. */
  Gateway(
      Map<String, String> environment,
      Authentication authentication,
      Log log,
      @Nullable Queries local) {
    this.kafka = log.closing();
    Duration timeout = Settings.LOOKUP_TIMEOUT.get(environment);
    // Three rounds, and a last one that finds out who became the owner.
    Duration patience = timeout.multipliedBy(5);
    registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    bindMetrics(log.producer());
    executor = Executors.newVirtualThreadPerTaskExecutor();
    Queries answering;
    BooleanSupplier ownersKnown;
    Consumer<Consumer<Set<Integer>>> onNewOwners;
    Consumer<Consumer<Set<Integer>>> onNewChannelOwners;
    if (local == null) {
      RoutedQueries routed =
          new RoutedQueries(
              Settings.STREAMS_URLS.get(environment),
              Settings.INTERNAL_TOKEN.find(environment),
              timeout);
      answering = routed;
      queries = routed;
      ownersKnown = routed::ready;
      onNewOwners = routed::onNewOwners;
      onNewChannelOwners = routed::onNewChannelOwners;
    } else {
      Directory directory = new Directory(List.of("local"), address -> local, executor);
      directory.start();
      answering = local;
      queries = directory;
      ownersKnown = () -> isOwnerKnown(local, timeout);
      onNewOwners = directory::onNewOwners;
      onNewChannelOwners = directory::onNewChannelOwners;
    }
    int partitions = Settings.PARTITIONS.get(environment);
    SocketRules socketRules = GatewaySettings.sockets(environment);
    RateLimits limits = new RateLimits(GatewaySettings.rates(environment), Clock.system());
    ClientAddress addresses = GatewaySettings.addresses(environment);
    Topics topics = log.topics();
    Events writing =
        new Events(eventLog(log, topics.events(), partitions), executor, Clock.system());
    ChannelEvents channelWriting =
        new ChannelEvents(
            eventLog(log, topics.channelEvents(), partitions), executor, Clock.system());
    InterestDelivery byInterest =
        GatewaySettings.byInterest(environment)
            ? new InterestDelivery(
                GatewaySettings.root(),
                eventLog(log, topics.events(), partitions),
                Settings.INTEREST_LEASE.get(environment),
                Settings.INTEREST_LINGER.get(environment),
                registry)
            : null;
    delivery = byInterest;
    Fanout fanout =
        new Fanout(
            partitions,
            answering,
            patience,
            executor,
            byInterest == null ? Delivery.ofAll() : byInterest,
            registry);
    MemberLists lists = new MemberLists(answering, patience);
    ChannelFanout channels =
        new ChannelFanout(
            partitions,
            fanout,
            lists,
            GatewaySettings.gathering(environment),
            Clock.system(),
            registry);
    onNewOwners.accept(fanout::resync);
    onNewChannelOwners.accept(channels::resync);
    feeds =
        List.of(
            byInterest == null
                ? feed(log, topics.changes(), fanout.changes(), "feed", Duration.ZERO)
                : inbox(log, byInterest, fanout, Settings.INBOXES.get(environment)),
            feed(log, topics.channelChanges(), channels.changes(), "channel.feed", Duration.ZERO),
            feed(
                log,
                topics.channelCursors(),
                channels.cursors(),
                "cursor.feed",
                ChannelFanout.CURSORS_KEPT));
    if (byInterest != null) {
      byInterest.start(fanout, feeds.getFirst()::begun);
    }
    ready =
        () ->
            log.reachable().getAsBoolean()
                && feeds.stream().allMatch(ChangeFeed::begun)
                && (byInterest == null || byInterest.ready())
                && ownersKnown.getAsBoolean();
    sockets =
        new Sockets(
            socketRules,
            GatewaySettings.origins(environment),
            authentication,
            limits,
            fanout,
            writing,
            channels,
            channelWriting,
            new CursorLog(log.cursorProducer(), topics.channelCursors().name()),
            executor,
            Clock.system(),
            registry);
    OperatorRoutes operator = new OperatorRoutes(ready, registry::scrape);
    PageRoutes page = new PageRoutes(Settings.AUTH.get(environment));
    routes =
        Stream.of(
                new EventRoutes(writing, limits).routes(),
                new PresenceRoutes(answering, limits).routes(),
                new UserRoutes(answering, limits, patience).routes(),
                new ChannelRoutes(channelWriting, answering, lists, limits, patience).routes(),
                List.of(StreamHandler.route()),
                operator.routes())
            .flatMap(List::stream)
            .toList();
    try {
      server =
          new HttpServer(
              Settings.HTTP_HOST.get(environment),
              Settings.HTTP_PORT.get(environment),
              HttpServer.MAX_UNDER_WAY,
              Stream.of(routes, operator.assets(), page.routes(), List.of(SocketUpgrade.route()))
                  .flatMap(List::stream)
                  .toList(),
              List.of(
                  SocketUpgrade.handler(sockets, addresses), new StreamHandler(sockets, addresses)),
              authentication,
              limits,
              addresses,
              registry);
    } catch (RuntimeException e) {
      sockets.close();
      closeDelivery();
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
    sockets.close();
    server.close();
    closeDelivery();
    closeQuietly(kafka);
    executor.close();
    closeQuietly(queries);
    registry.close();
  }

  private void closeDelivery() {
    feeds.forEach(ChangeFeed::close);
    if (delivery != null) {
      delivery.close();
    }
  }

  private static EventLog eventLog(Log log, Topic<?> topic, int partitions) {
    return new EventLog(log.producer(), topic.name(), partitions, Topics.MAX_EVENT_BYTES);
  }

  private ChangeFeed feed(
      Log log, Topic<?> topic, ChangeFeed.Receiver receiver, String name, Duration recent) {
    return new ChangeFeed(
        () -> log.consumers().apply(topic.name()),
        ChangeFeed.Partitions.ofTopic(topic.name()),
        receiver,
        name,
        recent,
        registry);
  }

  /** Reads the inbox of this gateway, and what all read. */
  private ChangeFeed inbox(Log log, InterestDelivery byInterest, Fanout fanout, int inboxes) {
    TopicPartition own =
        new TopicPartition(log.topics().inboxes().name(), byInterest.inbox(inboxes));
    ChangeFeed.Partitions common = ChangeFeed.Partitions.ofTopic(log.topics().common().name());
    return new ChangeFeed(
        () -> log.consumers().apply(own.topic()),
        consumer -> Stream.concat(Stream.of(own), common.of(consumer).stream()).toList(),
        byInterest.receiver(fanout),
        "feed",
        Duration.ZERO,
        registry);
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
