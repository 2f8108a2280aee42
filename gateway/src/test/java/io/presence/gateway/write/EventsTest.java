package io.presence.gateway.write;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Patch;
import io.presence.schemas.topic.Partitioning;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How heartbeats are gathered, and what overtakes them. */
final class EventsTest {
  private static final int PARTITIONS = 2;

  private final MockProducer<byte[], byte[]> producer = producer();
  private long now;
  private final Events events =
      new Events(
          new EventLog(producer, "events", PARTITIONS, 1024 * 1024), Runnable::run, () -> now);

  @Test
  void shouldWriteAtOnceWhenIdle() throws Exception {
    CompletableFuture<Void> first = events.gather(heartbeat("ada", "s", true));
    assertThat(batches()).containsExactly(List.of(heartbeat("ada", "s", true)));
    assertThat(first).isNotDone();
    producer.completeNext();
    assertThat(first).isCompleted();
  }

  @Test
  void shouldGatherWhileOneIsUnderWay() throws Exception {
    CompletableFuture<Void> first = events.gather(heartbeat("ada", "s", null));
    CompletableFuture<Void> second = events.gather(heartbeat("ada", "t", null));
    CompletableFuture<Void> third = events.gather(heartbeat("ada", "u", null));
    assertThat(batches()).hasSize(1);
    producer.completeNext();
    assertThat(first).isCompleted();
    assertThat(second).isNotDone();
    assertThat(batches())
        .containsExactly(
            List.of(heartbeat("ada", "s", null)),
            List.of(heartbeat("ada", "t", null), heartbeat("ada", "u", null)));
    producer.completeNext();
    assertThat(second).isCompleted();
    assertThat(third).isCompleted();
  }

  @Test
  void shouldKeepPartitionsApart() throws Exception {
    String other =
        IntStream.range(0, 100)
            .mapToObj(i -> "u" + i)
            .filter(id -> partition(id) != partition("ada"))
            .findFirst()
            .orElseThrow();
    var unused = events.gather(heartbeat("ada", "s", null));
    unused = events.gather(heartbeat(other, "s", null));
    assertThat(producer.history())
        .extracting(ProducerRecord::partition)
        .containsExactly(partition("ada"), partition(other));
    assertThat(producer.history()).extracting(ProducerRecord::key).containsOnlyNulls();
  }

  @Test
  void shouldHaveNewestStandForSessionAndKeepAnyActivity() throws Exception {
    var unused = events.gather(heartbeat("ada", "s", null));
    List<CompletableFuture<Void>> waiting = new ArrayList<>();
    waiting.add(events.gather(heartbeat("ada", "a", true)));
    waiting.add(events.gather(heartbeat("ada", "b", false)));
    waiting.add(events.gather(heartbeat("ada", "c", false)));
    waiting.add(events.gather(new Heartbeat("ada", "a", "phone", false)));
    waiting.add(events.gather(heartbeat("ada", "b", null)));
    waiting.add(events.gather(heartbeat("ada", "c", false)));
    producer.completeNext();
    assertThat(batches().getLast())
        .containsExactly(
            new Heartbeat("ada", "a", "phone", true),
            heartbeat("ada", "b", null),
            heartbeat("ada", "c", false));
    producer.completeNext();
    assertThat(waiting).allMatch(CompletableFuture::isDone);
  }

  @Test
  void shouldSplitAtThousandEntries() throws Exception {
    var unused = events.gather(heartbeat("ada", "first", null));
    for (int i = 0; i < 1_001; i++) {
      unused = events.gather(heartbeat("ada", "s" + i, null));
    }
    producer.completeNext();
    producer.completeNext();
    assertThat(batches()).extracting(List::size).containsExactly(1, 1_000, 1);
  }

  @Test
  void shouldSplitAtQuarterOfMebibyte() throws Exception {
    var unused = events.gather(heartbeat("ada", "first", null));
    for (int i = 0; i < 1_000; i++) {
      unused =
          events.gather(
              new Heartbeat("ada", "%0128d".formatted(i), "\u20ac".repeat(64), Boolean.FALSE));
    }
    while (producer.completeNext()) {
      // on to the next batch
    }
    assertThat(producer.history())
        .allMatch(record -> record.value().length <= HeartbeatBatch.MAX_BYTES)
        .hasSizeGreaterThan(2);
    assertThat(batches().stream().mapToInt(List::size).sum()).isEqualTo(1_001);
  }

  @Test
  void shouldTakeSessionOutOfBatchWhenItSaysGoodbye() throws Exception {
    var unused = events.gather(heartbeat("ada", "x", null));
    CompletableFuture<Void> overtaken = events.gather(heartbeat("ada", "s", null));
    CompletableFuture<Void> other = events.gather(heartbeat("ada", "t", null));
    CompletableFuture<Void> goodbye = events.write(new Disconnected("ada", "s", null, null, false));
    assertThat(overtaken).isNotDone();
    producer.completeNext();
    producer.completeNext();
    assertThat(goodbye).isCompleted();
    assertThat(overtaken).isCompleted();
    producer.completeNext();
    assertThat(other).isCompleted();
    assertThat(batches())
        .containsExactly(
            List.of(heartbeat("ada", "x", null)), List.of(heartbeat("ada", "t", null)));
  }

  @Test
  void shouldTakeAllSessionsOutWhenAllEndOrUserIsErased() throws Exception {
    for (PresenceEvent.OfUser end :
        List.of(new Disconnected("ada", null, null, null, true), new Erased("ada"))) {
      producer.clear();
      var unused = events.gather(heartbeat("ada", "x", null));
      CompletableFuture<Void> one = events.gather(heartbeat("ada", "s", null));
      CompletableFuture<Void> two = events.gather(heartbeat("ada", "t", null));
      unused = events.write(end);
      producer.completeNext();
      producer.completeNext();
      assertThat(one).isCompleted();
      assertThat(two).isCompleted();
      assertThat(producer.completeNext()).isFalse();
    }
  }

  @Test
  void shouldNotMakeSessionActiveAgainThatWentAwayAfterItsHeartbeat() throws Exception {
    var unused = events.gather(heartbeat("ada", "x", null));
    unused = events.gather(heartbeat("ada", "s", true));
    unused =
        events.write(
            new StatusSet(
                "ada",
                "s",
                null,
                SetStatus.AWAY,
                Scope.SESSION,
                Patch.keep(),
                Patch.keep(),
                Patch.keep(),
                null));
    producer.completeNext();
    assertThat(batches().getLast()).containsExactly(heartbeat("ada", "s", false));
  }

  @Test
  void shouldFailThoseOfBatchThatFailsAndGoOn() throws Exception {
    CompletableFuture<Void> failed = events.gather(heartbeat("ada", "s", null));
    CompletableFuture<Void> next = events.gather(heartbeat("ada", "t", null));
    producer.errorNext(new TimeoutException("no leader"));
    assertThat(failed)
        .isCompletedExceptionally()
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .withCauseInstanceOf(LogUnavailableException.class);
    producer.completeNext();
    assertThat(next).isCompleted();
  }

  @Test
  void shouldTryAgainWhatWasHeldAndCouldNotBeWritten() throws Exception {
    events.hold(heartbeat("ada", "s", false));
    events.flush(Duration.ZERO);
    assertThat(batches()).hasSize(1);

    producer.errorNext(new TimeoutException("not acknowledged"));
    assertThat(batches()).as("not at once").hasSize(1);
    events.flush(Duration.ZERO);
    assertThat(batches()).hasSize(2);
    assertThat(batches().getLast()).containsExactly(heartbeat("ada", "s", false));

    producer.completeNext();
    events.flush(Duration.ZERO);
    assertThat(batches()).hasSize(2);
  }

  @Test
  void shouldTryAgainTogetherWithWhatCameMeanwhile() throws Exception {
    events.hold(heartbeat("ada", "s", true));
    events.hold(heartbeat("ada", "t", false));
    events.flush(Duration.ZERO);
    events.hold(new Heartbeat("ada", "s", "phone", false));
    CompletableFuture<Void> gathered = events.gather(heartbeat("ada", "u", null));

    producer.errorNext(new TimeoutException("not acknowledged"));
    assertThat(batches().getLast())
        .containsExactlyInAnyOrder(
            new Heartbeat("ada", "s", "phone", true),
            heartbeat("ada", "t", false),
            heartbeat("ada", "u", null));
    producer.completeNext();
    assertThat(gathered).isCompleted();
  }

  @Test
  void shouldNotTryAgainWhatEndedMeanwhileNorWhatWasToldThatItFailed() throws Exception {
    events.hold(heartbeat("ada", "s", false));
    events.hold(heartbeat("ada", "t", true));
    CompletableFuture<Void> told = events.gather(heartbeat("ada", "u", null));
    assertThat(batches().getLast()).hasSize(3);
    var unused = events.write(new Disconnected("ada", "s", null, null, false));
    unused =
        events.write(
            new StatusSet(
                "ada",
                "t",
                null,
                SetStatus.AWAY,
                Scope.SESSION,
                Patch.keep(),
                Patch.keep(),
                Patch.keep(),
                null));

    producer.errorNext(new TimeoutException("not acknowledged"));
    assertThat(told).isCompletedExceptionally();
    events.flush(Duration.ZERO);
    assertThat(batches()).hasSize(2);
    assertThat(batches().getLast()).containsExactly(heartbeat("ada", "t", false));
  }

  private List<List<Heartbeat>> batches() throws Exception {
    List<List<Heartbeat>> batches = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> record : producer.history()) {
      if (PresenceEventCodec.read(record.value()) instanceof Heartbeats batch) {
        batches.add(batch.entries());
      }
    }
    return batches;
  }

  private static Heartbeat heartbeat(String user, String session, @Nullable Boolean active) {
    return new Heartbeat(user, session, null, active);
  }

  private static int partition(String id) {
    return Partitioning.partitionOf(id.getBytes(UTF_8), PARTITIONS);
  }

  private static MockProducer<byte[], byte[]> producer() {
    Node node = new Node(0, "localhost", 1);
    Cluster cluster =
        new Cluster(
            "test",
            List.of(node),
            IntStream.range(0, PARTITIONS)
                .mapToObj(p -> new PartitionInfo("events", p, node, new Node[0], new Node[0]))
                .toList(),
            Set.of(),
            Set.of());
    return new MockProducer<>(
        cluster, false, null, new ByteArraySerializer(), new ByteArraySerializer());
  }
}
