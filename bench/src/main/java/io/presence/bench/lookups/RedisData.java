package io.presence.bench.lookups;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.presence.bench.redis.RedisPresence;
import io.presence.schemas.presence.EpochSeconds;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;

/** The population as the design on Redis has it, and a lookup as its commands. */
final class RedisData {
  /** Nobody goes offline while it is measured. */
  private static final long ALIVE_SECONDS = 3_600;

  private static final int CHUNK = 1_000;

  private RedisData() {}

  /** Writes all users. */
  static void write(Population population, int port)
      throws ExecutionException, InterruptedException {
    RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", port));
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      connection.setAutoFlushCommands(false);
      RedisAsyncCommands<String, String> redis = connection.async();
      List<RedisFuture<?>> sent = new ArrayList<>();
      for (int user = 0; user < population.users(); user++) {
        String id = Population.id(user);
        sent.add(redis.hset(RedisPresence.userKey(id), fields(user)));
        sent.add(redis.set(RedisPresence.aliveKey(id), "1", SetArgs.Builder.ex(ALIVE_SECONDS)));
        if (Population.isContact(user)) {
          sent.add(redis.sadd(RedisPresence.contactsKey(id), Population.REQUESTER));
        }
        if (user % CHUNK == CHUNK - 1 || user == population.users() - 1) {
          connection.flushCommands();
          for (RedisFuture<?> each : sent) {
            var unused = each.get();
          }
          sent.clear();
        }
      }
    } finally {
      client.shutdown();
    }
  }

  /** What a lookup asks, as the bytes that are sent. */
  static byte[] commands(List<String> ids) {
    StringBuilder commands = new StringBuilder();
    for (String id : ids) {
      append(commands, "HGETALL", RedisPresence.userKey(id));
      append(commands, "EXISTS", RedisPresence.aliveKey(id));
      append(commands, "SISMEMBER", RedisPresence.contactsKey(id), Population.REQUESTER);
    }
    return commands.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** One command that is answered with {@code text}. */
  static byte[] echo(String text) {
    StringBuilder command = new StringBuilder();
    append(command, "ECHO", text);
    return command.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static void append(StringBuilder commands, String... words) {
    commands.append('*').append(words.length).append("\r\n");
    for (String word : words) {
      commands.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
  }

  private static Map<String, String> fields(int user) {
    long now = System.currentTimeMillis();
    Map<String, String> fields = new HashMap<>();
    fields.put("status", "online");
    fields.put("last_seen", EpochSeconds.format(now));
    fields.put("since", EpochSeconds.format(now));
    fields.put("version", Long.toString(now));
    fields.put("device", Population.DEVICE);
    fields.put("visibility", Population.visibility(user).word());
    if (!Population.customStatus(user).isEmpty()) {
      fields.put("custom_status", Population.customStatus(user));
    }
    return fields;
  }
}
