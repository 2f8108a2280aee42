package io.presence.gateway.socket;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.gateway.write.EventLog;
import io.presence.gateway.write.Events;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Patch;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What becomes of what is said over a socket, and when. */
class PresenceSessionTest {
  private static final Duration AWAY_AFTER = Duration.ofMinutes(5);

  /** What happens while a write waits for room. */
  private Runnable meanwhile = () -> {};

  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(
          false,
          new org.apache.kafka.clients.producer.RoundRobinPartitioner(),
          new ByteArraySerializer(),
          new ByteArraySerializer()) {
        @Override
        @SuppressWarnings("UnsynchronizedOverridesSynchronized") // it waits without its lock
        public Future<RecordMetadata> send(
            ProducerRecord<byte[], byte[]> event, Callback callback) {
          meanwhile.run();
          return super.send(event, callback);
        }
      };
  private long now;
  private final Events events =
      new Events(new EventLog(producer, "events", 1, 1024 * 1024), Runnable::run, () -> now);
  private final PresenceSession session =
      new PresenceSession("ada", "s1", events, () -> now, AWAY_AFTER);

  @Test
  void shouldOpenByItsFirstHeartbeatAtOnceAndHoldTheOthers() {
    beat(null);
    assertThat(written()).containsExactly("[\"ada\",\"s1\",\"web\"]");
    beat(null);
    beat(false);
    session.alive();
    assertThat(written()).isEmpty();
    events.flush(Duration.ofSeconds(5));
    assertThat(written()).as("few of them wait for more").isEmpty();
    now += Duration.ofSeconds(5).toNanos();
    events.flush(Duration.ofSeconds(5));
    assertThat(written()).containsExactly("[\"ada\",\"s1\",\"web\"]");
  }

  @Test
  void shouldWriteAHeartbeatAtOnceThatMayBringBackFromAway() {
    beat(null);
    var unused = setStatus(SetStatus.AWAY);
    written();
    beat(null);
    assertThat(written()).as("it declared itself away").isEmpty();
    beat(true);
    assertThat(written()).containsExactly("[\"ada\",\"s1\",\"web\",true]");
    now += AWAY_AFTER.toNanos();
    beat(false);
    assertThat(written()).isEmpty();
    beat(null);
    assertThat(written()).containsExactly("[\"ada\",\"s1\",\"web\"]");
  }

  @Test
  void shouldNotBeHeardOfAgainAfterGoodbye() {
    beat(null);
    beat(null);
    written();
    assertThat(session.setOffline()).isNotDone();
    assertThat(written()).containsExactly("disconnected null");
    beat(true);
    session.alive();
    session.end(Duration.ofSeconds(10));
    now += Duration.ofMinutes(1).toNanos();
    events.flush(Duration.ZERO);
    assertThat(written()).isEmpty();
  }

  @Test
  void shouldTakeOutTheHeartbeatThatWouldLiftTheGrace() {
    beat(null);
    written();
    session.alive();
    session.end(Duration.ofSeconds(10));
    session.end(null);
    now += Duration.ofMinutes(1).toNanos();
    events.flush(Duration.ZERO);
    assertThat(written()).containsExactly("disconnected 10");
  }

  @Test
  void shouldSayAgainWhatOpenedItUntilKafkaHasIt() {
    CompletableFuture<Void> opened =
        session.setOnline(new ClientMessage.SetOnline("web", Patch.keep()));
    producer.errorNext(new IllegalStateException("gone"));
    assertThat(written()).containsExactly("connected null");
    assertThat(opened).isCompletedExceptionally();
    assertThat(session.hasUnwritten()).isTrue();
    session.repeat();
    producer.completeNext();
    assertThat(written()).containsExactly("connected null");
    assertThat(session.hasUnwritten()).isFalse();
    session.repeat();
    assertThat(written()).isEmpty();
  }

  /** The thread that tells of what was written is the one that makes room for what is to be. */
  @Test
  void shouldNotHoldUpKafkaWhileAWriteWaitsForIt() {
    var unused = session.setOnline(new ClientMessage.SetOnline("web", Patch.keep()));
    meanwhile =
        () -> {
          meanwhile = () -> {};
          if (!CompletableFuture.supplyAsync(producer::completeNext)
              .completeOnTimeout(false, 5, TimeUnit.SECONDS)
              .join()) {
            throw new TimeoutException("no room");
          }
        };
    assertThat(setStatus(SetStatus.BUSY)).isNotCompletedExceptionally();
    assertThat(session.hasUnwritten()).isFalse();
  }

  @Test
  void shouldClaimBeforeItIsOpenButNotBeAway() {
    assertThat(setStatus(SetStatus.AWAY)).isNull();
    assertThat(setStatus(SetStatus.BUSY)).isNotNull();
    assertThat(written()).containsExactly("status null");
    session.end(null);
    assertThat(written()).as("nothing was open").isEmpty();
  }

  private void beat(@Nullable Boolean active) {
    var unused = session.heartbeat(new ClientMessage.Heartbeat("web", active));
    complete();
  }

  private @Nullable CompletableFuture<Void> setStatus(SetStatus status) {
    return session.setStatus(
        new ClientMessage.StatusSet(status, Patch.keep(), Patch.keep(), Patch.keep(), null));
  }

  private void complete() {
    while (producer.completeNext()) {
      // until all is written
    }
  }

  /** What was written: of batches their entries, of others their type and grace. */
  private List<String> written() {
    List<String> written =
        producer.history().stream()
            .map(event -> new String(Objects.requireNonNull(event.value()), UTF_8))
            .map(
                json ->
                    json.contains("\"entries\":[")
                        ? json.replaceAll(".*\"entries\":\\[(.*)]}", "$1")
                        : json.replaceAll(".*\"type\":\"(\\w+)\".*", "$1")
                            + " "
                            + (json.contains("grace")
                                ? json.replaceAll(".*\"grace\":(\\d+).*", "$1")
                                : "null"))
            .toList();
    producer.clear();
    return written;
  }
}
