package io.presence.bench.heartbeats;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.ChildJvm;
import io.presence.bench.Row;
import io.presence.bench.Servers;
import io.presence.bench.Servers.Server;
import io.presence.schemas.topic.Topics;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;

/**
 * A log of heartbeats is there already; how fast is it read? Each reader has a JVM and the log to
 * itself, beside the broker. What it commits tells how far it is.
 */
public final class HeartbeatsBenchmark implements Benchmark {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final long POLL_MILLIS = 20;

  /** How fast a log was read, in heartbeats, and what the reader used for it. */
  private record Speed(double perSecond, double cpuSeconds, double heartbeats) {
    String cost() {
      return String.format(
          Locale.ROOT, "%.2f µs of CPU each", cpuSeconds * 1e6 / Math.max(1, heartbeats));
    }
  }

  @Override
  public String name() {
    return "heartbeats";
  }

  @Override
  public String about() {
    return "heartbeats through the topology, batched and single";
  }

  @Override
  public void run(Bench bench) throws Exception {
    Server broker = Servers.broker(bench);
    Admin admin =
        bench.own(
            Admin.create(
                Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, broker.bootstrapServers())));
    HeartbeatLog batched =
        write(bench, admin, broker, "batched", bench.pick(40_000, 100_000), bench.pick(25, 600));
    Speed floor = readBare(bench, broker, batched);
    Speed ours = readOurs(bench, admin, broker, "batched", batched);
    HeartbeatLog singles =
        write(bench, admin, broker, "single", bench.pick(10_000, 100_000), bench.pick(20, 60));
    Speed oursSingle = readOurs(bench, admin, broker, "single", singles);
    Speed inMemory = readTextbook(bench, admin, broker, singles, true);
    Speed rocksDb = readTextbook(bench, admin, broker, singles, false);

    bench.add(
        row("batched heartbeats", ours)
            .against("textbook DSL topology, RocksDB", rocksDb.perSecond)
            .target(200));
    bench.add(
        row("batched heartbeats, once more", ours)
            .against("textbook DSL topology, in memory", inMemory.perSecond));
    bench.add(
        row("batched heartbeats, parsed by both", ours)
            .against("bare consumer", floor.perSecond)
            .target(0.7)
            .remark(ours.cost() + "; bare consumer: " + floor.cost()));
    bench.add(
        row("single heartbeats", oursSingle)
            .against("textbook DSL topology, RocksDB", rocksDb.perSecond)
            .remark(oursSingle.cost() + "; textbook: " + rocksDb.cost()));
    bench.add(
        row("single heartbeats, once more", oursSingle)
            .against("textbook DSL topology, in memory", inMemory.perSecond)
            .remark(oursSingle.cost() + "; textbook: " + inMemory.cost()));
  }

  private static Row row(String name, Speed speed) {
    return Row.more(name, "heartbeats/s", speed.perSecond).cpu(speed.cpuSeconds, 0);
  }

  private static HeartbeatLog write(
      Bench bench, Admin admin, Server broker, String name, int users, int rounds)
      throws InterruptedException, ExecutionException {
    bench.say("writes a log of %,d heartbeats, %s".formatted((long) users * rounds, name));
    return HeartbeatLog.write(
        admin,
        broker.bootstrapServers(),
        new Topics(name + "-"),
        name.equals("batched"),
        users,
        rounds);
  }

  private static Speed readOurs(
      Bench bench, Admin admin, Server broker, String name, HeartbeatLog log) throws Exception {
    String group = "ours-" + name;
    Server app =
        Servers.streamsApp(
            bench,
            broker,
            Map.of("PRESENCE_TOPIC_PREFIX", name + "-", "PRESENCE_APPLICATION_ID", group));
    try (ChildJvm jvm = app.jvm()) {
      long warm = Math.round(log.records() * HeartbeatLog.WARM);
      return follow(bench, admin, log, group, jvm, warm, PATIENCE);
    }
  }

  private static Speed readTextbook(
      Bench bench, Admin admin, Server broker, HeartbeatLog log, boolean inMemory)
      throws Exception {
    String group = "textbook-" + (inMemory ? "memory" : "rocksdb");
    admin
        .createTopics(
            List.of(
                new NewTopic(group + "-status", Optional.of(8), Optional.empty())
                    .configs(
                        Map.of(
                            TopicConfig.CLEANUP_POLICY_CONFIG,
                            TopicConfig.CLEANUP_POLICY_COMPACT))))
        .all()
        .get();
    var directory = bench.directory(group);
    try (ChildJvm jvm =
        bench.own(
            ChildJvm.start(
                TextbookSessions.class.getName(),
                Map.of(
                    TextbookSessions.BOOTSTRAP,
                    broker.bootstrapServers(),
                    TextbookSessions.APPLICATION,
                    group,
                    TextbookSessions.INPUT,
                    log.topic(),
                    TextbookSessions.OUTPUT,
                    group + "-status",
                    TextbookSessions.DIRECTORY,
                    directory.toString(),
                    TextbookSessions.IN_MEMORY,
                    Boolean.toString(inMemory)),
                List.of("-Dlogback.configurationFile=logback-standalone.xml"),
                directory.resolve("log"),
                TextbookSessions.READY))) {
      // Too slow to read a part of the log first: what counts is what it does after so long.
      Thread.sleep(Duration.ofSeconds(bench.pick(2, 10)));
      return follow(bench, admin, log, group, jvm, 1, Duration.ofSeconds(bench.pick(3, 15)));
    }
  }

  private static Speed readBare(Bench bench, Server broker, HeartbeatLog log) throws Exception {
    try (ChildJvm jvm =
        bench.own(
            ChildJvm.start(
                BareConsumer.class.getName(),
                Map.of(
                    BareConsumer.BOOTSTRAP,
                    broker.bootstrapServers(),
                    BareConsumer.TOPIC,
                    log.topic()),
                List.of("-Dlogback.configurationFile=logback-standalone.xml"),
                bench.directory("bare").resolve("log"),
                BareConsumer.DONE))) {
      List<String> words = Stream.of(jvm.readyLine().split(" ")).toList();
      double heartbeats = Double.parseDouble(words.get(1));
      Speed speed =
          new Speed(
              heartbeats / (Double.parseDouble(words.get(2)) / 1e9),
              Double.parseDouble(words.get(3)),
              heartbeats);
      bench.say("bare consumer: %,.0f/s".formatted(speed.perSecond));
      return speed;
    }
  }

  /**
   * Watches a group read.
   *
   * @param warm so many records are read before it counts
   * @param patience how long it is watched, once it counts
   */
  private static Speed follow(
      Bench bench,
      Admin admin,
      HeartbeatLog log,
      String group,
      ChildJvm jvm,
      long warm,
      Duration patience)
      throws InterruptedException, ExecutionException, IOException {
    long records = log.records();
    long giveUp = System.nanoTime() + PATIENCE.toNanos();
    long first = 0;
    long from = 0;
    double cpu = 0;
    while (true) {
      long read = log.readBy(admin, group);
      long now = System.nanoTime();
      if (first == 0 && read >= warm) {
        first = read;
        from = now;
        cpu = jvm.cpuSeconds();
        giveUp = now + patience.toNanos();
      }
      if (first > 0 && read > first && (read == records || now >= giveUp)) {
        double heartbeats = (double) (read - first) * log.heartbeats() / records;
        Speed speed =
            new Speed(heartbeats / ((now - from) / 1e9), jvm.cpuSeconds() - cpu, heartbeats);
        bench.say("%s: %,.0f/s, %s".formatted(group, speed.perSecond, speed.cost()));
        return speed;
      }
      if (now >= giveUp + PATIENCE.toNanos()) {
        throw new IOException(group + " has read " + read + " records of " + records);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }
}
