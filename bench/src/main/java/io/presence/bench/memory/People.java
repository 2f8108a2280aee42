package io.presence.bench.memory;

import io.presence.bench.Servers.Server;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.ContactsSet;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.Patch;
import io.presence.schemas.topic.Partitioning;
import io.presence.schemas.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** Users with one session each, who come and go by events written to the topic. */
final class People {
  private static final int PARTITIONS = 8;
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final int STEP_MILLIS = 20;

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  /** The ids are as long as those of a service with many users, and session ids are UUIDs. */
  static String id(int number) {
    return "user-%09d".formatted(number);
  }

  private static String session(int number) {
    return new UUID(number * 0x9E3779B97F4A7C15L, number).toString();
  }

  /** The users from {@code from} to {@code to} open a session each; returns when all are online. */
  void come(Server kafka, Server asked, int from, int to) throws IOException, InterruptedException {
    write(kafka, from, to, i -> new Connected(id(i), session(i), "web", Patch.keep()));
    await(asked, from, to, "online");
  }

  /** The same users say goodbye; returns when all are offline. */
  void go(Server kafka, Server asked, int from, int to) throws IOException, InterruptedException {
    write(kafka, from, to, i -> new Disconnected(id(i), session(i), "web", null, false));
    await(asked, from, to, "offline");
  }

  /** Those who are offline get so many contacts each; returns when all have them. */
  void befriend(Server kafka, Server asked, int from, int to, int contacts)
      throws IOException, InterruptedException {
    write(
        kafka,
        from,
        to,
        i ->
            new ContactsSet(
                id(i),
                IntStream.range(0, contacts)
                    .mapToObj(j -> id(i * contacts + j))
                    .collect(Collectors.toSet())));
    // Contacts of others are not to be seen: what is seen comes after them.
    come(kafka, asked, from, to);
    go(kafka, asked, from, to);
  }

  /**
   * Waits until the last user of each partition, and so all before, are shown so.
   *
   * @return how long that took, in seconds
   */
  double await(Server asked, int from, int to, String status)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    String body = lastOfEachPartition(from, to);
    int count = body.split(",", -1).length;
    while (count(ask(asked, body), "\"status\":\"" + status + '"') < count) {
      if (System.nanoTime() - begun > PATIENCE.toNanos()) {
        throw new IOException("not all are " + status + ": " + ask(asked, body));
      }
      Thread.sleep(STEP_MILLIS);
    }
    return (System.nanoTime() - begun) / 1e9;
  }

  /**
   * Waits until the owners show them so, and no standby answers any more.
   *
   * @return how long it took until an answer that may have been a standby's was right, and until
   *     the owners' was, in seconds
   */
  double[] awaitOwners(Server asked, int from, int to, String status)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    double first = await(asked, from, to, status);
    String body = lastOfEachPartition(from, to);
    int count = body.split(",", -1).length;
    while (true) {
      String answer = ask(asked, body);
      if (!answer.contains("\"stale\":true")
          && count(answer, "\"status\":\"" + status + '"') == count) {
        return new double[] {first, (System.nanoTime() - begun) / 1e9};
      }
      if (System.nanoTime() - begun > PATIENCE.toNanos()) {
        throw new IOException("nobody took over: " + answer);
      }
      Thread.sleep(STEP_MILLIS);
    }
  }

  /** The answer; empty if there was none. */
  private String ask(Server asked, String body) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + asked.httpPort() + "/v1/presence/query"))
            .timeout(Duration.ofSeconds(5))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build();
    try {
      HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
      return response.statusCode() == 200 ? response.body() : "";
    } catch (IOException e) {
      return "";
    }
  }

  private static int count(String text, String part) {
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  /** One of each partition is right only when all before are: a partition is read in order. */
  private static String lastOfEachPartition(int from, int to) {
    Map<Integer, String> last = new TreeMap<>();
    for (int i = to - 1; i >= from && last.size() < PARTITIONS; i--) {
      last.putIfAbsent(Partitioning.partitionOf(id(i), PARTITIONS), id(i));
    }
    return last.values().stream().collect(Collectors.joining("\",\"", "{\"user_ids\":[\"", "\"]}"));
  }

  private interface Events {
    PresenceEvent of(int number);
  }

  private static void write(Server kafka, int from, int to, Events events) throws IOException {
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                kafka.bootstrapServers(),
                ProducerConfig.LINGER_MS_CONFIG,
                20,
                ProducerConfig.BATCH_SIZE_CONFIG,
                256 * 1024),
            new StringSerializer(),
            new ByteArraySerializer())) {
      String topic = new Topics("").events().name();
      for (int i = from; i < to; i++) {
        var unused =
            producer.send(
                new ProducerRecord<>(topic, id(i), PresenceEventCodec.write(events.of(i))),
                (written, failed) -> {
                  if (failed != null) {
                    failure.compareAndSet(null, failed);
                  }
                });
      }
    }
    Exception failed = failure.get();
    if (failed != null) {
      throw new IOException("not all events were written", failed);
    }
  }
}
