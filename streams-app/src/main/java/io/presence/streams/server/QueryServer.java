package io.presence.streams.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HttpResponseException;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import io.presence.schemas.json.Problem;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.LookupCodec;
import io.presence.schemas.query.LookupFormatException;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@link Queries} over HTTP, to gateways and operators.
 *
 * <pre>
 * POST /internal/v1/lookup                        a lookup, as {@link LookupCodec} writes it
 * GET  /internal/v1/users/{id}/explain            JSON, as all below
 * GET  /internal/v1/users/{id}/status
 * GET  /internal/v1/users/{id}/sessions?limit=&after=
 * GET  /internal/v1/users/{id}/contacts?limit=&after=
 * GET  /internal/v1/channels/{id}/members?limit=&after=&requester=
 * GET  /internal/v1/channels/{id}/count?requester=
 * GET  /internal/v1/ownership
 * GET  /health/live, /health/ready, /metrics
 * </pre>
 *
 * A question about a user or channel whose partition is not here is answered 421, with who owns
 * what as {@code ownership} of the problem, a page that does not exist 400, what cannot be answered
 * now 503. An answer from a standby has the header {@code Presence-Stale: true}. With a token,
 * every internal call needs it as {@code Authorization: Bearer}; there is none on health and
 * metrics.
 */
public final class QueryServer implements AutoCloseable {
  /** The most elements of a page; of members, {@link Question.OfChannel#MAX_MEMBERS}. */
  public static final int MAX_PAGE = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(QueryServer.class);
  private static final int DEFAULT_PAGE = 100;
  private static final String JSON = "application/json";

  private final Queries queries;
  private final byte @Nullable [] authorization;
  private final BooleanSupplier ready;
  private final Supplier<String> metrics;
  private final Javalin server;

  /**
   * Starts the server.
   *
   * @param port 0: any free one, see {@link #port()}
   * @param internalToken what callers of internal routes must show; null: nothing
   * @param ready whether this instance answers for all that is assigned to it
   * @param metrics the metrics in Prometheus's text format
   * @throws RuntimeException if the address cannot be listened on
   */
  public QueryServer(
      String host,
      int port,
      Queries queries,
      @Nullable String internalToken,
      BooleanSupplier ready,
      Supplier<String> metrics) {
    this.queries = queries;
    this.authorization =
        internalToken == null ? null : ("Bearer " + internalToken).getBytes(StandardCharsets.UTF_8);
    this.ready = ready;
    this.metrics = metrics;
    this.server = Javalin.create(this::configure);
    server.start(host, port);
  }

  /** The port that is listened on. */
  public int port() {
    return server.port();
  }

  /** Stops accepting, lets what is under way finish for two seconds, then stops. */
  @Override
  public void close() {
    server.stop();
  }

  private void configure(JavalinConfig config) {
    config.startup.showJavalinBanner = false;
    config.startup.showOldJavalinVersionWarning = false;
    config.http.prefer405over404 = true;
    config.http.generateEtags = false;
    // It would take more time than the network between two machines of a cluster.
    config.http.compressionStrategy = CompressionStrategy.NONE;
    config.jetty.threadPool = new QueuedThreadPool(32, 4);
    config.jetty.modifyServer(
        jetty -> {
          jetty.setStopTimeout(2_000);
          jetty.setErrorHandler(new ProblemErrorHandler());
        });
    config.jetty.modifyHttpConfiguration(http -> http.setSendServerVersion(false));

    config.routes.before("/internal/*", this::authorize);
    config.routes.post("/internal/v1/lookup", this::lookup);
    config.routes.get("/internal/v1/users/{id}/explain", ask(ctx -> new Question.Explain(id(ctx))));
    config.routes.get(
        "/internal/v1/users/{id}/status", ask(ctx -> new Question.OwnStatus(id(ctx))));
    config.routes.get(
        "/internal/v1/users/{id}/sessions",
        ask(ctx -> new Question.Sessions(id(ctx), limit(ctx, MAX_PAGE), ctx.queryParam("after"))));
    config.routes.get(
        "/internal/v1/users/{id}/contacts",
        ask(ctx -> new Question.Contacts(id(ctx), limit(ctx, MAX_PAGE), ctx.queryParam("after"))));
    config.routes.get(
        "/internal/v1/channels/{id}/members",
        ask(
            ctx ->
                new Question.Members(
                    id(ctx),
                    idParameter(ctx, "requester"),
                    limit(ctx, Question.OfChannel.MAX_MEMBERS),
                    idParameter(ctx, "after"))));
    config.routes.get(
        "/internal/v1/channels/{id}/count",
        ask(ctx -> new Question.Count(id(ctx), idParameter(ctx, "requester"))));
    config.routes.get("/internal/v1/ownership", this::ownership);
    config.routes.get("/health/live", ctx -> health(ctx, true));
    config.routes.get("/health/ready", ctx -> health(ctx, ready.getAsBoolean()));
    config.routes.get(
        "/metrics",
        ctx -> ctx.contentType("text/plain; version=0.0.4; charset=utf-8").result(metrics.get()));

    config.routes.exception(
        InvalidJsonException.class, (e, ctx) -> problem(ctx, Problem.of(400, e)));
    config.routes.exception(
        LookupFormatException.class,
        (e, ctx) -> problem(ctx, new Problem(400, "not a lookup: " + e.getMessage())));
    config.routes.exception(
        HttpResponseException.class,
        (e, ctx) -> problem(ctx, new Problem(e.getStatus(), String.valueOf(e.getMessage()))));
    config.routes.exception(
        Exception.class,
        (e, ctx) -> {
          LOG.error("{} {} failed", ctx.method(), ctx.endpoint().path, e);
          problem(ctx, new Problem(500, "an error on our side; it is in the log"));
        });
  }

  private void authorize(Context ctx) {
    if (authorization == null) {
      return;
    }
    String shown = ctx.header("Authorization");
    if (shown == null
        || !MessageDigest.isEqual(authorization, shown.getBytes(StandardCharsets.UTF_8))) {
      ctx.header("WWW-Authenticate", "Bearer");
      throw new HttpResponseException(401, "the internal token is missing or wrong");
    }
  }

  private void lookup(Context ctx) throws IOException, LookupFormatException {
    byte[] body;
    try (InputStream in = ctx.req().getInputStream()) {
      body = in.readNBytes(LookupCodec.MAX_REQUEST_BYTES + 1);
    }
    if (body.length > LookupCodec.MAX_REQUEST_BYTES) {
      throw new HttpResponseException(
          413, "at most " + LookupCodec.MAX_REQUEST_BYTES + " bytes are taken");
    }
    Lookup.Request request = LookupCodec.readRequest(body);
    answer(ctx, queries.lookup(request), answer -> write(ctx, LookupCodec.write(answer)));
  }

  /** As it is, in one piece: else it would be copied piece by piece, and sent so. */
  private static void write(Context ctx, byte[] answer) {
    try {
      ctx.contentType(LookupCodec.CONTENT_TYPE).res().setContentLength(answer.length);
      ctx.res().getOutputStream().write(answer);
    } catch (IOException e) {
      LOG.debug("an answer could not be sent", e);
    }
  }

  private interface Asking {
    Question of(Context ctx) throws InvalidJsonException;
  }

  private Handler ask(Asking asking) {
    return ctx -> {
      Question question = asking.of(ctx);
      answer(ctx, queries.ask(question), reply -> reply(ctx, reply));
    };
  }

  private static void reply(Context ctx, Question.Reply reply) {
    switch (reply.outcome()) {
      case ANSWERED -> {
        if (reply.stale()) {
          ctx.header("Presence-Stale", "true");
        }
        byte[] json = reply.json();
        ctx.contentType(JSON).result(json == null ? new byte[0] : json);
      }
      case INVALID -> problem(ctx, new Problem(400, "after: not one that an answer gave"));
      case NOT_HERE -> {
        Problem problem = new Problem(421, "the partition is not here");
        problem(ctx, problem);
        if (reply.ownership() != null) {
          ctx.result(withOwnership(problem, reply.ownership()));
        }
      }
    }
  }

  private static byte[] withOwnership(Problem problem, Ownership ownership) {
    try {
      ObjectNode json = (ObjectNode) Json.MAPPER.readTree(problem.toJson());
      json.set("ownership", Json.MAPPER.valueToTree(ownership));
      return Json.MAPPER.writeValueAsBytes(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void ownership(Context ctx) {
    answer(
        ctx,
        queries.ownership(),
        ownership -> {
          try {
            ctx.contentType(JSON).result(Json.MAPPER.writeValueAsBytes(ownership));
          } catch (JsonProcessingException e) {
            throw new CompletionException(e);
          }
        });
  }

  /** The thread is free until the answer is there; then whoever completed it writes it. */
  private static <T> void answer(Context ctx, CompletionStage<T> stage, Consumer<T> write) {
    ctx.future(
        () -> {
          CompletableFuture<T> future = stage.toCompletableFuture();
          return future.handle(
              (value, failure) -> {
                if (failure == null) {
                  write.accept(value);
                } else {
                  LOG.debug("a query failed", failure);
                  problem(ctx, new Problem(503, "not ready to answer"));
                }
                return (Void) null;
              });
        });
  }

  private static void health(Context ctx, boolean healthy) {
    ctx.status(healthy ? 200 : 503)
        .contentType(JSON)
        .result(healthy ? "{\"status\":\"up\"}" : "{\"status\":\"down\"}");
  }

  private static void problem(Context ctx, Problem problem) {
    ctx.status(problem.status()).contentType(Problem.CONTENT_TYPE).result(problem.toJson());
  }

  private static String id(Context ctx) throws InvalidJsonException {
    return Fields.checkId("id", ctx.pathParam("id"));
  }

  private static @Nullable String idParameter(Context ctx, String name)
      throws InvalidJsonException {
    String id = ctx.queryParam(name);
    return id == null ? null : Fields.checkId(name, id);
  }

  private static int limit(Context ctx, int max) throws InvalidJsonException {
    String text = ctx.queryParam("limit");
    if (text == null) {
      return DEFAULT_PAGE;
    }
    try {
      int limit = Integer.parseInt(text);
      if (limit >= 1 && limit <= max) {
        return limit;
      }
    } catch (NumberFormatException e) {
      // the same answer as for a number out of range
    }
    throw new InvalidJsonException("limit", "expected a number from 1 to " + max);
  }
}
