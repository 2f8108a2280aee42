package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.PresenceState;
import io.presence.schemas.presence.Status;
import io.presence.schemas.topic.Partitioning;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The streams-app as a process of its own is killed in the middle of a load, twice: it comes back
 * on its data, and then with none.
 */
class CrashIT {
  private static final int PARTITIONS = 4;
  private static final int STEADY = 200;
  private static final int BUSY = 40;
  private static final int LEAVING = 40;
  private static final Topics TOPICS = new Topics("");

  @TempDir Path directory;

  private final ScheduledExecutorService load = Executors.newSingleThreadScheduledExecutor();
  private final AtomicInteger round = new AtomicInteger();
  private final Map<String, Integer> lastText = new HashMap<>();
  private volatile boolean ending;
  private TestKafka kafka;
  private KafkaProducer<byte[], byte[]> producer;
  private StreamsProcess app;

  @BeforeEach
  void start() throws Exception {
    kafka = TestKafka.start();
    producer =
        new KafkaProducer<>(
            Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    startApp();
  }

  @AfterEach
  void stop() throws Exception {
    load.shutdownNow();
    app.close();
    producer.close(Duration.ZERO);
    kafka.close();
  }

  @Test
  void shouldLoseNothingWhenKilledAndStartedAgainOnItsDataAndThenWithout() throws Exception {
    everyone().forEach(user -> send(user, connected(user)));
    Future<?> running = load.scheduleAtFixedRate(this::oneRound, 0, 100, TimeUnit.MILLISECONDS);

    awaitRounds(40);
    app.kill();
    awaitRounds(20);
    startApp();
    awaitRounds(40);
    app.kill();
    TestKafka.delete(directory.resolve("state"));
    startApp();
    awaitRounds(40);

    // Heartbeats go on until all is read: nobody is to be absent meanwhile.
    ending = true;
    load.submit(() -> leaving().forEach(user -> send(user, goodbye(user)))).get();
    load.submit(() -> everyone().forEach(this::sayTheEnd)).get();
    producer.flush();

    List<PresenceChange> changes = new ArrayList<>();
    Map<String, PresenceState> states = new HashMap<>();
    await()
        .atMost(Duration.ofSeconds(90))
        .untilAsserted(
            () -> {
              states.clear();
              read(TOPICS.state()).forEach(r -> states.put(r.key(), r.value()));
              assertThat(states.values())
                  .filteredOn(state -> "the end".equals(state.presence().customStatus()))
                  .hasSize(STEADY + BUSY + LEAVING);
            });
    read(TOPICS.changes()).forEach(r -> changes.add(r.value()));
    running.cancel(false);

    assertThat(changes)
        .as("nobody with live heartbeats was reported offline")
        .noneMatch(
            change -> change.to() == Status.OFFLINE && !change.userId().startsWith("leaving"));
    busy()
        .forEach(
            user ->
                assertThat(texts(changes, user))
                    .as("each change of %s, once and in order", user)
                    .containsExactlyElementsOf(
                        Stream.concat(
                                IntStream.rangeClosed(1, Objects.requireNonNull(lastText.get(user)))
                                    .mapToObj(Integer::toString),
                                Stream.of("the end"))
                            .toList()));
    everyone()
        .forEach(
            user -> {
              List<Long> versions =
                  changes.stream()
                      .filter(change -> change.userId().equals(user))
                      .map(PresenceChange::version)
                      .toList();
              assertThat(versions).as("versions of %s", user).isSorted().doesNotHaveDuplicates();
              Status expected =
                  user.startsWith("leaving")
                      ? Status.OFFLINE
                      : user.startsWith("busy") ? Status.BUSY : Status.ONLINE;
              PresenceState state = Objects.requireNonNull(states.get(user));
              assertThat(state.presence().status()).as("state of %s", user).isEqualTo(expected);
              assertThat(state.presence().version()).isEqualTo(versions.get(versions.size() - 1));
            });
  }

  /** Heartbeats for all, and a status with a new text for some. */
  private void oneRound() {
    int now = round.incrementAndGet();
    if (now % 10 == 0) {
      Map<Integer, List<Heartbeat>> batches = new HashMap<>();
      everyone()
          .filter(user -> !ending || !user.startsWith("leaving"))
          .forEach(
              user ->
                  batches
                      .computeIfAbsent(
                          Partitioning.partitionOf(user, PARTITIONS), p -> new ArrayList<>())
                      .add(new Heartbeat(user, "s-" + user, "web", true)));
      batches.forEach(
          (partition, entries) ->
              send(
                  new ProducerRecord<>(
                      TOPICS.events().name(),
                      partition,
                      null,
                      PresenceEventCodec.write(new Heartbeats(entries)))));
    }
    if (ending) {
      return;
    }
    busy()
        .forEach(
            user ->
                send(user, busy(user, Integer.toString(lastText.merge(user, 1, Integer::sum)))));
  }

  private void sayTheEnd(String user) {
    send(user, user.startsWith("busy") ? busy(user, "the end") : text(user));
  }

  private void awaitRounds(int more) {
    int until = round.get() + more;
    await().atMost(Duration.ofSeconds(60)).until(() -> round.get() >= until);
  }

  private void startApp() throws IOException {
    app =
        StreamsProcess.start(
            directory.resolve("streams-app.log"),
            Map.of(
                "PRESENCE_BOOTSTRAP_SERVERS",
                kafka.bootstrapServers(),
                "PRESENCE_PARTITIONS",
                Integer.toString(PARTITIONS),
                "PRESENCE_HEARTBEAT_TTL",
                "6s",
                "PRESENCE_STREAMS_PORT",
                "0",
                "PRESENCE_STANDBY_REPLICAS",
                "0",
                "PRESENCE_DATA_DIR",
                directory.resolve("state").toString()));
  }

  private <V> List<ConsumerRecord<String, V>> read(Topic<V> topic) {
    return CommittedLog.read(kafka.bootstrapServers(), topic);
  }

  private void send(String user, PresenceEvent event) {
    send(
        new ProducerRecord<>(
            TOPICS.events().name(),
            user.getBytes(StandardCharsets.UTF_8),
            PresenceEventCodec.write(event)));
  }

  private void send(ProducerRecord<byte[], byte[]> event) {
    Future<?> unused = producer.send(event);
  }

  private static List<String> texts(List<PresenceChange> changes, String user) {
    return changes.stream()
        .filter(change -> change.userId().equals(user))
        .map(change -> Objects.requireNonNull(change.presence()).customStatus())
        .filter(Objects::nonNull)
        .toList();
  }

  private static Stream<String> everyone() {
    return Stream.of(names("steady", STEADY), busy(), leaving()).flatMap(names -> names);
  }

  private static Stream<String> busy() {
    return names("busy", BUSY);
  }

  private static Stream<String> leaving() {
    return names("leaving", LEAVING);
  }

  private static Stream<String> names(String group, int count) {
    return IntStream.range(0, count).mapToObj(i -> group + "-" + i);
  }

  private static PresenceEvent connected(String user) {
    return new Connected(user, "s-" + user, "web", Patch.keep());
  }

  private static PresenceEvent goodbye(String user) {
    return new Disconnected(user, "s-" + user, null, null, false);
  }

  private static PresenceEvent busy(String user, String text) {
    return status(user, SetStatus.BUSY, text);
  }

  private static PresenceEvent text(String user) {
    return status(user, SetStatus.ONLINE, "the end");
  }

  private static PresenceEvent status(String user, SetStatus status, String text) {
    return new StatusSet(
        user, null, null, status, Scope.USER, Patch.set(text), Patch.keep(), Patch.keep(), null);
  }
}
