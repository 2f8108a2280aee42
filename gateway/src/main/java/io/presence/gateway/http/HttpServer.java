package io.presence.gateway.http;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.presence.gateway.auth.Authentication;
import io.presence.gateway.auth.Identity;
import io.presence.gateway.limit.ClientAddress;
import io.presence.gateway.limit.RateLimits;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves routes. Who calls is found out before a route is asked, limits are held, what comes of it
 * is counted and logged: method, route, status and time, and nothing that a caller said.
 *
 * <p>Each request has a virtual thread for as long as it takes to read it; none while its answer is
 * awaited.
 */
public final class HttpServer implements AutoCloseable {
  /** How many requests are under way at most. */
  public static final int MAX_UNDER_WAY = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
  private static final Identity OPERATOR = new Identity(null, "operator", false, false);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);
  private static final int ACCEPT_QUEUE = 4_096;
  private static final String UNMATCHED = "-";

  /** From so many bytes on, an answer is worth a write of its own. */
  private static final int LARGE = 8 * 1024;

  /** What requests are counted by. */
  private record Counted(String method, String route, int status) {}

  private final Authentication authentication;
  private final RateLimits limits;
  private final ClientAddress addresses;
  private final MeterRegistry registry;
  private final Admission admission;
  private final Map<Counted, Timer> timers = new ConcurrentHashMap<>();
  private final ExecutorService executor =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("http-", 0).factory());
  private final Javalin javalin;
  private final int port;

  /**
   * Starts to serve.
   *
   * @param port 0: any free one, see {@link #port()}
   * @param maxUnderWay how many requests are let in at a time
   * @param first what takes its requests before the routes are asked, past that limit
   * @throws RuntimeException if the address cannot be listened on
   */
  public HttpServer(
      String host,
      int port,
      int maxUnderWay,
      List<Route> routes,
      List<Handler.Wrapper> first,
      Authentication authentication,
      RateLimits limits,
      ClientAddress addresses,
      MeterRegistry registry) {
    this.authentication = authentication;
    this.limits = limits;
    this.addresses = addresses;
    this.registry = registry;
    this.admission = new Admission(maxUnderWay);
    Gauge.builder("presence.http.under.way", admission, Admission::underWay)
        .description("requests under way")
        .register(registry);
    this.javalin = Javalin.create(config -> configure(config, host, port, routes, first));
    javalin.start();
    this.port = javalin.port();
  }

  /** The port that is listened on. */
  public int port() {
    return port;
  }

  /** Accepts no more, and waits up to ten seconds for what is under way. */
  @Override
  public void close() {
    javalin.stop();
    executor.close();
  }

  private void configure(
      JavalinConfig config,
      String host,
      int port,
      List<Route> routes,
      List<Handler.Wrapper> first) {
    config.startup.showJavalinBanner = false;
    config.startup.showOldJavalinVersionWarning = false;
    config.http.prefer405over404 = true;
    config.http.generateEtags = false;
    QueuedThreadPool threads = new QueuedThreadPool(64, 4);
    threads.setName("jetty");
    threads.setVirtualThreadsExecutor(executor);
    config.jetty.threadPool = threads;
    config.jetty.addConnector(
        (server, http) -> {
          ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
          connector.setHost(host);
          connector.setPort(port);
          // When a gateway is gone, all of its clients come to the others at once.
          connector.setAcceptQueueSize(ACCEPT_QUEUE);
          return connector;
        });
    config.jetty.modifyServer(
        server -> {
          server.setStopTimeout(STOP_TIMEOUT.toMillis());
          server.setErrorHandler(new ProblemErrorHandler());
          Handler.Singleton last = server;
          for (Handler.Wrapper each : first) {
            last.setHandler(each);
            last = each;
          }
          last.setHandler(admission);
          admission.setHandler(new GracefulHandler());
        });
    config.jetty.modifyHttpConfiguration(http -> http.setSendServerVersion(false));
    config.requestLogger.http(this::record);
    for (Route route : routes) {
      var handler = handler(route);
      config.routes.addHttpHandler(route.method(), route.path(), handler);
      if (route.method().equals(HandlerType.GET)) {
        // Else it would be answered without asking the route.
        config.routes.addHttpHandler(HandlerType.HEAD, route.path(), handler);
      }
    }
    config.routes.exception(
        HttpResponseException.class,
        (e, ctx) -> {
          Answer answer = Answer.problem(e.getStatus(), String.valueOf(e.getMessage()));
          write(ctx, e.getStatus() == 405 ? answer.with("Allow", allowed(ctx, routes)) : answer);
        });
    config.routes.exception(Exception.class, (e, ctx) -> write(ctx, Answer.of(e)));
  }

  private io.javalin.http.Handler handler(Route route) {
    return ctx -> {
      ctx.attribute("route", route);
      Identity identity = OPERATOR;
      if (route.kind() != Route.Kind.OPEN) {
        limits.request(
            addresses.of(ctx.req().getRemoteAddr(), ctx.header("X-Forwarded-For")),
            route.kind() == Route.Kind.HEARTBEAT);
        identity =
            authentication.authenticate(
                Authentication.bearer(ctx.header("Authorization")), ctx.queryParam("user_id"));
      }
      answer(ctx, route.endpoint().answer(new Call(ctx, identity)));
    };
  }

  private void answer(Context ctx, CompletionStage<Answer> stage) {
    CompletableFuture<Answer> future = stage.toCompletableFuture();
    if (future.isDone() && !future.isCompletedExceptionally()) {
      write(ctx, future.join());
      return;
    }
    ctx.future(
        () ->
            future
                .handle((answer, failure) -> failure == null ? answer : Answer.of(failure))
                .thenCompose(answer -> writeLater(ctx, answer)));
  }

  /**
   * To write may wait for the other end: not on the thread that found the answer, which others may
   * need. One without a body waits for nobody, so it is written as it is there, if by a thread of
   * ours, as those are that heartbeats are acknowledged on.
   */
  private CompletableFuture<Void> writeLater(Context ctx, Answer answer) {
    if (Thread.currentThread().isVirtual() && answer.body().length == 0) {
      write(ctx, answer);
      return CompletableFuture.completedFuture(null);
    }
    return CompletableFuture.runAsync(() -> write(ctx, answer), executor);
  }

  private static void write(Context ctx, Answer answer) {
    ctx.status(answer.status());
    answer.headers().forEach(ctx::header);
    byte[] body = answer.body();
    if (body.length < LARGE || ctx.header("Accept-Encoding") != null) {
      if (body.length > 0) {
        ctx.contentType(answer.contentType()).result(body);
      }
      return;
    }
    // As it is, in one piece: else it would be copied piece by piece, and sent so.
    try {
      ctx.contentType(answer.contentType()).res().setContentLength(body.length);
      ctx.res().getOutputStream().write(body);
    } catch (IOException e) {
      LOG.debug("an answer could not be sent", e);
    }
  }

  private void record(Context ctx, Float millis) {
    Route route = ctx.attribute("route");
    String path = route == null ? UNMATCHED : route.path();
    String method = route == null ? UNMATCHED : route.method().name();
    int status = ctx.statusCode();
    timers
        .computeIfAbsent(new Counted(method, path, status), this::timer)
        .record((long) (millis * 1_000), TimeUnit.MICROSECONDS);
    boolean routine = route != null && route.kind() != Route.Kind.CALL && status < 500;
    if (!routine) {
      LOG.info("{} {} {} {} ms", method, path, status, format(millis));
    } else if (LOG.isDebugEnabled()) {
      LOG.debug("{} {} {} {} ms", method, path, status, format(millis));
    }
  }

  private Timer timer(Counted counted) {
    return Timer.builder("presence.http.requests")
        .description("requests by route and status")
        .tag("method", counted.method)
        .tag("route", counted.route)
        .tag("status", Integer.toString(counted.status))
        .register(registry);
  }

  /** The methods of the routes that match the path. */
  private static String allowed(Context ctx, List<Route> routes) {
    String[] path = ctx.path().split("/", -1);
    return routes.stream()
        .filter(route -> matches(route.path().split("/", -1), path))
        .map(route -> route.method().name())
        .sorted()
        .distinct()
        .collect(Collectors.joining(", "));
  }

  private static boolean matches(String[] pattern, String[] path) {
    boolean matches = pattern.length == path.length;
    for (int i = 0; i < pattern.length && matches; i++) {
      matches = pattern[i].startsWith("{") || pattern[i].equals(path[i]);
    }
    return matches;
  }

  private static String format(Float millis) {
    return String.format(Locale.ROOT, "%.1f", millis);
  }
}
