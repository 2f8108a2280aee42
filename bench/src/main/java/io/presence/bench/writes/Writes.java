package io.presence.bench.writes;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.Cpu;
import io.presence.bench.Row;
import io.presence.bench.Servers;
import io.presence.bench.Servers.Server;
import io.presence.bench.load.HttpLoad;
import io.presence.bench.redis.RedisPresence;
import io.presence.bench.redis.RedisServer;
import io.presence.schemas.event.PresenceEvent.Activity;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.Json;
import io.presence.schemas.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes of 10,000 users to a standalone Presence: by single posts, held against the same posts to
 * the design on Redis; by posts of 1,000 events, held against a producer that is fed ready bytes;
 * and over 1,000 sockets. Each is measured to its acknowledgement, and from then on to the moment
 * that a lookup shows what was written last.
 */
public final class Writes implements Benchmark {
  private static final String REDIS = "Redis behind Javalin";
  private static final String PRODUCER = "producer fed ready bytes";
  private static final int CONNECTIONS = 64;
  private static final int POSTERS = 8;
  private static final int EVENTS_A_POST = 1_000;
  private static final int FRAMES_A_WRITE = 8;
  private static final double TIMES_REDIS = 3;
  private static final double OF_PRODUCER = 0.5;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final HttpClient client = HttpClient.newHttpClient();

  @Override
  public String name() {
    return "writes";
  }

  @Override
  public String about() {
    return "heartbeats and events over HTTP and sockets";
  }

  @Override
  public void run(Bench bench) throws Exception {
    Server server = Servers.standalone(bench, Map.of());
    int users = bench.pick(1_000, 10_000);
    singlePosts(bench, server, users);
    posts(bench, server, users);
    sockets(bench, server, bench.pick(100, 1_000));
  }

  static String user(int index) {
    return "user-" + (1_000_000 + index);
  }

  private void singlePosts(Bench bench, Server server, int users) throws Exception {
    List<byte[]> requests =
        IntStream.range(0, users)
            .mapToObj(i -> post("/v1/users/" + user(i) + "/heartbeat", "{\"device\":\"web\"}"))
            .toList();
    Measured ours = post(bench, server, List.of(server.jvm()::cpuSeconds), requests);
    Row row =
        Row.more("heartbeats by single posts, 64 connections", "heartbeats/s", ours.perSecond(1))
            .cpu(ours.serverCpu, ours.load.clientCpu())
            .latencies(ours.load.latencies())
            .remark("shown %d ms after the last".formatted(awaitShown(server)));
    Optional<RedisServer> redis = RedisServer.start(bench);
    if (redis.isEmpty()) {
      bench.add(row.againstNone(REDIS, RedisServer.ABSENT));
      return;
    }
    Server other = RedisPresence.start(bench, redis.get());
    Measured theirs =
        post(bench, other, List.of(other.jvm()::cpuSeconds, redis.get()::cpuSeconds), requests);
    bench.add(row.against(REDIS, theirs.perSecond(1)).target(TIMES_REDIS));
    bench.add(
        Row.more("the same, Redis behind Javalin", "heartbeats/s", theirs.perSecond(1))
            .cpu(theirs.serverCpu, theirs.load.clientCpu())
            .latencies(theirs.load.latencies()));
    redis.get().close();
    other.jvm().close();
  }

  private void posts(Bench bench, Server server, int users) throws Exception {
    List<byte[]> requests =
        IntStream.range(0, users / EVENTS_A_POST)
            .mapToObj(i -> post("/v1/events", events(i * EVENTS_A_POST)))
            .toList();
    Measured ours = post(bench, server, List.of(server.jvm()::cpuSeconds), requests);
    long shown = awaitShown(server);
    double cpu = server.jvm().cpuSeconds();
    double ownCpu = Cpu.ofSelf();
    double theirs = produce(bench, server, users);
    double producerCpu = Cpu.ofSelf() - ownCpu;
    double brokerCpu = server.jvm().cpuSeconds() - cpu;
    awaitShown(server);
    bench.add(
        Row.more(
                "events by posts of 1,000, 8 connections",
                "events/s",
                ours.perSecond(EVENTS_A_POST))
            .against(PRODUCER, theirs)
            .target(OF_PRODUCER)
            .cpu(ours.serverCpu, ours.load.clientCpu())
            .latencies(ours.load.latencies())
            .remark("shown %d ms after the last".formatted(shown)));
    bench.add(
        Row.more("the same, producer fed ready bytes", "events/s", theirs)
            .cpu(brokerCpu, producerCpu));
  }

  /** Sends what is ready for as long as the posts took, with the settings that the gateway has. */
  private static double produce(Bench bench, Server server, int users) {
    List<ProducerRecord<byte[], byte[]>> records =
        IntStream.range(0, users)
            .mapToObj(
                i ->
                    new ProducerRecord<>(
                        new Topics("").events().name(),
                        user(i).getBytes(StandardCharsets.US_ASCII),
                        PresenceEventCodec.write(new Activity(user(i), "session-" + i, "web"))))
            .toList();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                server.bootstrapServers(),
                ProducerConfig.ACKS_CONFIG,
                "all",
                ProducerConfig.LINGER_MS_CONFIG,
                1,
                ProducerConfig.COMPRESSION_TYPE_CONFIG,
                "lz4"),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      var unused =
          sendFor(producer, records, bench.pick(Duration.ofMillis(300), Duration.ofSeconds(3)));
      return sendFor(producer, records, time(bench));
    }
  }

  private static double sendFor(
      KafkaProducer<byte[], byte[]> producer,
      List<ProducerRecord<byte[], byte[]>> records,
      Duration time) {
    AtomicLong acknowledged = new AtomicLong();
    long start = System.nanoTime();
    while (System.nanoTime() - start < time.toNanos()) {
      for (ProducerRecord<byte[], byte[]> each : records) {
        var unused =
            producer.send(
                each,
                (metadata, failure) -> {
                  if (failure == null) {
                    acknowledged.incrementAndGet();
                  }
                });
      }
    }
    producer.flush();
    return acknowledged.get() * 1e9 / (System.nanoTime() - start);
  }

  private void sockets(Bench bench, Server server, int count) throws Exception {
    try (HeartbeatSockets sockets = new HeartbeatSockets(server.httpPort(), count)) {
      sockets.send(1);
      awaitShown(server);
      double cpu = server.jvm().cpuSeconds();
      double ownCpu = Cpu.ofSelf();
      long start = System.nanoTime();
      long sent = 0;
      while (System.nanoTime() - start < time(bench).toNanos()) {
        sockets.send(FRAMES_A_WRITE);
        sent += (long) FRAMES_A_WRITE * sockets.count();
      }
      double clientCpu = Cpu.ofSelf() - ownCpu;
      long last = System.currentTimeMillis();
      sockets.send(1);
      awaitSeen(server, last, user(count - 1));
      double took = (System.nanoTime() - start) / 1e9;
      bench.add(
          Row.more(
                  "heartbeats over %,d sockets, until they are shown".formatted(count),
                  "heartbeats/s",
                  sent / took)
              .cpu(server.jvm().cpuSeconds() - cpu, clientCpu)
              .remark("gathered: what is written is the newest of each session"));
    }
  }

  private record Measured(HttpLoad.Result load, double serverCpu) {
    double perSecond(int each) {
      return load.perSecond() * each;
    }
  }

  /** CPU-seconds of a process so far. */
  private interface CpuSeconds {
    double get() throws IOException;
  }

  private static Measured post(
      Bench bench, Server server, List<CpuSeconds> counted, List<byte[]> requests)
      throws IOException, InterruptedException {
    int[] next = new int[1];
    HttpLoad.Requests each =
        connection -> ByteBuffer.wrap(requests.get(next[0]++ % requests.size()));
    int connections = requests.getFirst().length > EVENTS_A_POST ? POSTERS : CONNECTIONS;
    try (HttpLoad load = new HttpLoad(server.httpPort(), connections)) {
      bench.warmUp(List.of(server.jvm()), time -> load.run(Duration.ZERO, time, each));
      double before = sum(counted);
      HttpLoad.Result result = load.run(Duration.ZERO, time(bench), each);
      if (result.failures() > 0) {
        throw new IOException(result.failures() + " of " + result.requests() + " were refused");
      }
      return new Measured(result, sum(counted) - before);
    }
  }

  private static double sum(List<CpuSeconds> all) throws IOException {
    double sum = 0;
    for (CpuSeconds each : all) {
      sum += each.get();
    }
    return sum;
  }

  private static Duration time(Bench bench) {
    return bench.pick(Duration.ofMillis(700), Duration.ofSeconds(6));
  }

  /** Writes one more heartbeat. Returns how many milliseconds later a lookup shows it. */
  private long awaitShown(Server server) throws IOException, InterruptedException {
    long now = System.currentTimeMillis();
    String last = user(0);
    HttpResponse<byte[]> answer =
        send(server, "/v1/users/" + last + "/heartbeat", "{\"device\":\"web\"}");
    if (answer.statusCode() != 202) {
      throw new IOException("not taken: " + answer.statusCode());
    }
    return awaitSeen(server, now, last);
  }

  /** Waits until a user was last seen at that time or later. */
  private long awaitSeen(Server server, long since, String user)
      throws IOException, InterruptedException {
    while (true) {
      HttpResponse<byte[]> answer =
          send(server, "/v1/presence/query", "{\"user_ids\":[\"" + user + "\"]}");
      double seen =
          Json.MAPPER
              .readTree(answer.body())
              .path("presences")
              .path(user)
              .path("last_seen")
              .asDouble();
      long later = System.currentTimeMillis() - since;
      if (Math.round(seen * 1_000) >= since) {
        return later;
      }
      if (later > PATIENCE.toMillis()) {
        throw new IOException(user + " is not shown after " + later + " ms");
      }
      Thread.sleep(5);
    }
  }

  private HttpResponse<byte[]> send(Server server, String path, String body)
      throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.httpPort() + path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofByteArray());
  }

  private static String events(int first) {
    return IntStream.range(first, first + EVENTS_A_POST)
        .mapToObj(
            i ->
                new String(
                    PresenceEventCodec.write(new Activity(user(i), "session-" + i, "web")),
                    StandardCharsets.UTF_8))
        .collect(Collectors.joining(",", "{\"events\":[", "]}"));
  }

  private static byte[] post(String path, String body) {
    return ("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                .formatted(path)
            + "Content-Length: %d\r\n\r\n%s".formatted(body.length(), body))
        .getBytes(StandardCharsets.US_ASCII);
  }
}
