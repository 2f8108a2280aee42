package io.presence.bench.redis;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.presence.bench.Bench;
import io.presence.bench.ChildJvm;
import io.presence.bench.Servers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Presence as one would make it of Redis, behind Javalin and Lettuce: a hash for each user, a key
 * beside it that lives for as long as heartbeats come, and a set of contacts. It has the routes for
 * a heartbeat and for a lookup of many, with privacy, and makes as few round trips as it can: two
 * for a heartbeat, which must know what was to tell what changed, and one for a lookup.
 */
public final class RedisPresence {
  /** For how long a heartbeat keeps someone online. */
  private static final Duration TTL = Duration.ofSeconds(30);

  private static final int CONNECTIONS = 8;
  private static final String CHANGES = "presence-changes";
  private static final String REDIS_PORT = "PRESENCE_REDIS_PORT";
  private static final String HTTP_PORT = "PRESENCE_HTTP_PORT";
  private static final String READY = "presence on Redis is ready";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Connections that are written to when told, so that what is asked together leaves together. One
   * is held only while commands are written: answers are awaited by any number at a time.
   */
  private final BlockingQueue<StatefulRedisConnection<String, String>> connections =
      new ArrayBlockingQueue<>(CONNECTIONS);

  private RedisPresence(RedisClient client) {
    for (int i = 0; i < CONNECTIONS; i++) {
      StatefulRedisConnection<String, String> connection = client.connect();
      connection.setAutoFlushCommands(false);
      connections.add(connection);
    }
  }

  /** The key of a user's hash. */
  public static String userKey(String id) {
    return "presence:" + id;
  }

  /** The key that is there while someone is alive. */
  public static String aliveKey(String id) {
    return "presence:" + id + ":alive";
  }

  /** The key of a user's set of contacts. */
  public static String contactsKey(String id) {
    return "contacts:" + id;
  }

  /** Starts it in a JVM of its own that ends with the benchmark. */
  public static Servers.Server start(Bench bench, RedisServer redis)
      throws IOException, InterruptedException {
    int port = Servers.freePort();
    ChildJvm jvm =
        bench.own(
            ChildJvm.start(
                RedisPresence.class.getName(),
                Map.of(
                    HTTP_PORT, Integer.toString(port), REDIS_PORT, Integer.toString(redis.port())),
                List.of("-Dlogback.configurationFile=logback-standalone.xml"),
                bench.directory("redis-presence").resolve("log"),
                READY));
    return new Servers.Server(jvm, port, "");
  }

  /** Runs until it is told to stop. */
  public static void main(String[] args) {
    RedisClient client =
        RedisClient.create(
            RedisURI.create("127.0.0.1", Integer.parseInt(System.getenv(REDIS_PORT))));
    RedisPresence presence = new RedisPresence(client);
    var unused =
        Javalin.create(
                config -> {
                  config.startup.showJavalinBanner = false;
                  config.startup.showOldJavalinVersionWarning = false;
                  config.routes.post("/v1/users/{id}/heartbeat", presence::heartbeat);
                  config.routes.post("/v1/presence/query", presence::query);
                })
            .start("127.0.0.1", Integer.parseInt(System.getenv(HTTP_PORT)));
    System.out.println(READY);
  }

  private void heartbeat(Context context) throws IOException {
    String id = context.pathParam("id");
    byte[] body = context.bodyAsBytes();
    JsonNode fields = body.length == 0 ? JSON.createObjectNode() : JSON.readTree(body);
    String device = fields.path("device").asText("default");
    context.future(
        () ->
            before(id)
                .thenCompose(before -> beat(id, device, before))
                .thenRun(() -> context.status(202)));
  }

  /** What is known of a user. */
  private record Before(Map<String, String> fields, boolean alive) {}

  private CompletableFuture<Before> before(String id) {
    return together(
        redis ->
            redis
                .hgetall(userKey(id))
                .thenCombine(
                    redis.exists(aliveKey(id)), (fields, alive) -> new Before(fields, alive > 0))
                .toCompletableFuture());
  }

  private CompletableFuture<Void> beat(String id, String device, Before before) {
    String now = now();
    String status = before.fields.getOrDefault("status", "online");
    boolean back = !before.alive || !device.equals(before.fields.get("device"));
    return together(
        redis ->
            CompletableFuture.allOf(
                redis
                    .hset(userKey(id), Map.of("status", status, "last_seen", now, "device", device))
                    .toCompletableFuture(),
                redis.set(aliveKey(id), "1", SetArgs.Builder.ex(TTL)).toCompletableFuture(),
                redis
                    .publish(CHANGES, id + " " + status + " " + now + (back ? " back" : ""))
                    .toCompletableFuture()));
  }

  private void query(Context context) throws IOException {
    JsonNode body = JSON.readTree(context.bodyAsBytes());
    List<String> ids = new ArrayList<>();
    body.path("user_ids").forEach(id -> ids.add(id.asText()));
    String requester = body.hasNonNull("requester_id") ? body.get("requester_id").asText() : null;
    context.future(
        () ->
            lookup(ids, requester)
                .thenAccept(json -> context.contentType("application/json").result(json)));
  }

  /** What is asked of one user in a lookup. */
  private record Asked(
      String id,
      RedisFuture<Map<String, String>> fields,
      RedisFuture<Long> alive,
      @Nullable RedisFuture<Boolean> contact) {}

  private CompletableFuture<byte[]> lookup(List<String> ids, @Nullable String requester) {
    return together(
        redis -> {
          List<Asked> all = new ArrayList<>(ids.size());
          for (String id : ids) {
            all.add(
                new Asked(
                    id,
                    redis.hgetall(userKey(id)),
                    redis.exists(aliveKey(id)),
                    requester == null ? null : redis.sismember(contactsKey(id), requester)));
          }
          Asked last = all.getLast();
          // Answers come in the order of the questions, so the last is the end of all.
          RedisFuture<?> end = last.contact == null ? last.alive : last.contact;
          return end.thenApply(done -> join(all, requester)).toCompletableFuture();
        });
  }

  private static byte[] join(List<Asked> all, @Nullable String requester) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(all.size() * 200);
    try (JsonGenerator out = JSON.createGenerator(bytes)) {
      out.writeStartObject();
      out.writeObjectFieldStart("presences");
      for (Asked asked : all) {
        Map<String, String> fields = asked.fields.toCompletableFuture().join();
        boolean contact = asked.contact != null && asked.contact.toCompletableFuture().join();
        if (!fields.isEmpty() && maySee(asked.id, fields, requester, contact)) {
          writePresence(out, asked.id, fields, asked.alive.toCompletableFuture().join() > 0);
        }
      }
      out.writeEndObject();
      out.writeArrayFieldStart("unavailable");
      out.writeEndArray();
      out.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static boolean maySee(
      String id, Map<String, String> fields, @Nullable String requester, boolean contact) {
    return switch (fields.getOrDefault("visibility", "everyone")) {
      case "everyone" -> true;
      case "contacts" -> contact || id.equals(requester);
      default -> id.equals(requester);
    };
  }

  private static void writePresence(
      JsonGenerator out, String id, Map<String, String> fields, boolean alive) throws IOException {
    String status = alive ? fields.getOrDefault("status", "online") : "offline";
    out.writeObjectFieldStart(id);
    out.writeStringField("user_id", id);
    out.writeStringField("status", status);
    out.writeFieldName("last_seen");
    out.writeRawValue(fields.getOrDefault("last_seen", "null"));
    out.writeStringField("device", fields.get("device"));
    out.writeStringField("custom_status", fields.get("custom_status"));
    out.writeStringField("activity", fields.get("activity"));
    out.writeFieldName("since");
    out.writeRawValue(fields.getOrDefault("since", "null"));
    out.writeFieldName("version");
    out.writeRawValue(fields.getOrDefault("version", "0"));
    out.writeEndObject();
  }

  private <T> CompletableFuture<T> together(
      Function<RedisAsyncCommands<String, String>, CompletableFuture<T>> commands) {
    StatefulRedisConnection<String, String> connection;
    try {
      connection = connections.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return CompletableFuture.failedFuture(e);
    }
    try {
      CompletableFuture<T> answer = commands.apply(connection.async());
      connection.flushCommands();
      return answer;
    } finally {
      connections.add(Objects.requireNonNull(connection));
    }
  }

  private static String now() {
    long millis = System.currentTimeMillis();
    return "%d.%03d".formatted(millis / 1_000, millis % 1_000);
  }
}
