package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.ChannelChange;
import io.presence.schemas.event.ChannelEvent;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEventCodec;
import io.presence.schemas.json.Json;
import io.presence.schemas.json.Patch;
import io.presence.schemas.query.Question;
import io.presence.schemas.topic.Topics;
import io.presence.streams.StreamsApp;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A room while the streams-app is restarted: nobody who is there is lost, nobody gone remains. */
class ChannelRestartIT {
  private static final Topics TOPICS = new Topics("");
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String ROOM = "room";
  private static final int MEMBERS = 60;
  private static final Duration TTL = Duration.ofSeconds(6);

  @TempDir Path data;

  @Test
  void shouldLoseNobodyWhoStaysAndKeepNobodyWhoLeftWhenRestarted() throws Exception {
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try (TestKafka kafka = TestKafka.start();
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
      try (StreamsApp first = StreamsApp.start(settings(kafka))) {
        await().atMost(PATIENCE).until(first::ready);
        for (int i = 0; i < MEMBERS; i++) {
          send(producer, new Joined(ROOM, user(i), "s1", Patch.keep(), null));
        }
        await().atMost(PATIENCE).until(() -> members(first).size() == MEMBERS);
      }
      // While nobody looks: a third stays, a third says goodbye, a third falls silent.
      Future<?> beating =
          clock.scheduleAtFixedRate(
              () -> {
                for (int i = 0; i < MEMBERS; i += 3) {
                  send(producer, new Heartbeat(ROOM, user(i), "s1"));
                }
              },
              0,
              1,
              TimeUnit.SECONDS);
      for (int i = 1; i < MEMBERS; i += 3) {
        send(producer, new Left(ROOM, user(i), "s1"));
      }
      Set<String> staying =
          IntStream.range(0, MEMBERS)
              .filter(i -> i % 3 == 0)
              .mapToObj(ChannelRestartIT::user)
              .collect(Collectors.toCollection(TreeSet::new));
      long ready;
      try (StreamsApp second = StreamsApp.start(settings(kafka))) {
        await().atMost(PATIENCE).until(second::ready);
        ready = System.currentTimeMillis();
        await()
            .atMost(PATIENCE)
            .untilAsserted(() -> assertThat(members(second)).isEqualTo(staying));
      }
      beating.cancel(false);
      List<ChannelChange> changes =
          CommittedLog.read(kafka.bootstrapServers(), TOPICS.channelChanges()).stream()
              .map(ConsumerRecord::value)
              .toList();
      assertThat(changes)
          .filteredOn(change -> change.event() == ChannelChange.Event.LEFT)
          .hasSize(2 * MEMBERS / 3)
          .noneMatch(change -> staying.contains(change.member().userId()));
      assertThat(changes).hasSize(MEMBERS + 2 * MEMBERS / 3);
      // Silence is counted from when someone looks; once more, should the log stand still.
      long latest = ready + 2 * TTL.toMillis() + 3_000;
      assertThat(changes)
          .filteredOn(change -> change.event() == ChannelChange.Event.LEFT)
          .allSatisfy(
              change -> {
                boolean saidGoodbye = number(change.member().userId()) % 3 == 1;
                assertThat(change.reason())
                    .isEqualTo(
                        saidGoodbye ? ChannelChange.Reason.LEFT : ChannelChange.Reason.TIMED_OUT);
                assertThat(change.at()).isLessThan(latest);
              });
      for (int i = 1; i < changes.size(); i++) {
        assertThat(changes.get(i).version()).isGreaterThan(changes.get(i - 1).version());
      }
    } finally {
      clock.shutdownNow();
    }
  }

  private Map<String, String> settings(TestKafka kafka) {
    return Map.of(
        "PRESENCE_BOOTSTRAP_SERVERS",
        kafka.bootstrapServers(),
        "PRESENCE_PARTITIONS",
        "2",
        "PRESENCE_CHANNEL_TTL",
        TTL.toSeconds() + "s",
        "PRESENCE_STREAMS_PORT",
        "0",
        "PRESENCE_STANDBY_REPLICAS",
        "0",
        "PRESENCE_DATA_DIR",
        data.toString());
  }

  private static void send(KafkaProducer<byte[], byte[]> producer, ChannelEvent.OfMember event) {
    Future<?> unused =
        producer.send(
            new ProducerRecord<>(
                TOPICS.channelEvents().name(),
                event.channelId().getBytes(StandardCharsets.UTF_8),
                ChannelEventCodec.write(event)));
  }

  private static Set<String> members(StreamsApp app) throws Exception {
    Question.Reply reply =
        app.queries()
            .ask(new Question.Members(ROOM, null, 1_000, null))
            .toCompletableFuture()
            .get();
    byte[] json = reply.json();
    if (json == null) {
      return Set.of();
    }
    JsonNode answer = Json.MAPPER.readTree(json);
    Set<String> members = new TreeSet<>(answer.path("members").findValuesAsText("user_id"));
    assertThat(answer.path("count").intValue()).isEqualTo(members.size());
    return members;
  }

  private static int number(String userId) {
    return Integer.parseInt(userId.substring(1));
  }

  private static String user(int number) {
    return "u" + number;
  }
}
