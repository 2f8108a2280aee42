package io.presence.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.delivery.Inbox;
import io.presence.schemas.delivery.Notice;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Interest;
import io.presence.schemas.event.PresenceEvent.Lease;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.Tick;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.core.Rules;
import io.presence.streams.store.PresenceStore;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What gateways are sent, by the topology that production runs. */
class DeliveryTest {
  private static final Topics TOPICS = new Topics("");
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final PresenceTopology.Delivery BY_INTEREST =
      new PresenceTopology.Delivery(32, 50, LEASE);
  private static final String ONE = "g1.0";
  private static final String TWO = "g2.0";
  private static final String THREE = "g3.0";

  @TempDir Path directory;
  private @Nullable TopologyTestDriver driver;

  /** The last change on the topic. */
  private byte @Nullable [] last;

  private long time = 1_764_000_000_000L;

  @AfterEach
  void close() {
    if (driver != null) {
      driver.close();
    }
  }

  @Test
  void shouldAnswerAndThenSendEachChangeAsItIsOnTheTopic() {
    start(BY_INTEREST, List.of());
    write(connected("ada"));
    long before = change().version();
    write(new Lease(ONE, 0));
    write(new Lease(TWO, 0));
    assertThat(inboxes()).containsExactly("held " + ONE, "held " + TWO);
    write(new Interest("ada", ONE, true));
    assertThat(inboxes()).containsExactly("heard " + ONE + " ada " + before);
    write(new Disconnected("ada", "s", null, null, false));
    long after = change().version();
    assertThat(inboxes()).containsExactly("ada " + after + " after " + before);
    write(connected("bea"));
    assertThat(change().userId()).isEqualTo("bea");
    assertThat(inboxes()).isEmpty();
    write(new Interest("ada", ONE, false));
    write(connected("ada"));
    assertThat(change().userId()).isEqualTo("ada");
    nothingElse();
  }

  @Test
  void shouldAnswerForOneOfWhomNothingIsKnown() {
    start(BY_INTEREST, List.of());
    write(new Lease(ONE, 0));
    write(new Interest("ada", ONE, true));
    assertThat(inboxes()).containsExactly("held " + ONE, "heard " + ONE + " ada 0");
    write(new Interest("ada", ONE, true));
    assertThat(inboxes()).as("again").containsExactly("heard " + ONE + " ada 0");
    write(connected("ada"));
    long version = change().version();
    assertThat(inboxes()).containsExactly("ada " + version + " after 0");
    write(new Erased("ada"));
    long erased = change().version();
    assertThat(inboxes()).containsExactly("ada " + erased + " after " + version);
    write(connected("ada"));
    long again = change().version();
    assertThat(inboxes()).containsExactly("ada " + again + " after 0");
    nothingElse();
  }

  @Test
  void shouldSendWhatMostWatchToAll() {
    start(BY_INTEREST, List.of());
    for (String gateway : List.of(ONE, TWO, THREE)) {
      write(new Lease(gateway, 0));
      write(new Interest("ada", gateway, true));
    }
    inboxes();
    write(connected("ada"));
    long version = change().version();
    assertThat(common()).containsExactly("ada " + version + " after 0");
    write(new Interest("ada", ONE, false));
    write(new Interest("ada", TWO, false));
    write(new Disconnected("ada", "s", null, null, false));
    long next = change().version();
    assertThat(inboxes()).containsExactly("ada " + next + " after " + version);
    nothingElse();
  }

  @Test
  void shouldSendNothingToWhoHasNoLease() {
    start(BY_INTEREST, List.of());
    write(new Interest("ada", ONE, true));
    write(new Lease(ONE, 17));
    assertThat(inboxes()).containsExactly("lost " + ONE);
    write(new Lease(ONE, 0));
    write(new Interest("ada", ONE, true));
    write(new Lease(ONE, Interest.part("ada")));
    assertThat(inboxes()).containsExactly("held " + ONE, "heard " + ONE + " ada 0");
    write(new Lease(ONE, Interest.part("bea")));
    assertThat(inboxes()).containsExactly("lost " + ONE);
    write(connected("ada"));
    change();
    assertThat(keys()).containsExactly("uada");
    nothingElse();
  }

  @Test
  void shouldForgetAGatewayThatSaysNothingInPresenceTime() {
    start(BY_INTEREST, List.of());
    write(new Lease(ONE, 0));
    write(new Lease(TWO, 0));
    write(new Interest("ada", ONE, true));
    write(new Interest("ada", TWO, true));
    inboxes();
    // An outage of the log is nobody's absence.
    time += Duration.ofHours(1).toMillis();
    pass(Duration.ofSeconds(20));
    write(new Lease(TWO, Interest.part("ada")));
    pass(Duration.ofSeconds(4));
    write(connected("ada"));
    long version = change().version();
    assertThat(common()).containsExactly("ada " + version + " after 0");
    pass(Duration.ofSeconds(8));
    write(new Disconnected("ada", "s", null, null, false));
    long next = change().version();
    assertThat(inboxes()).containsExactly("ada " + next + " after " + version);
    assertThat(keys())
        .contains("g" + TWO, "iada\0" + TWO)
        .doesNotContain("g" + ONE, "iada\0" + ONE);
    nothingElse();
  }

  @Test
  void shouldKnowAfterARestartWhoWatches() {
    start(BY_INTEREST, List.of());
    write(connected("ada"));
    long version = change().version();
    write(new Lease(ONE, 0));
    write(new Interest("ada", ONE, true));
    inboxes();
    start(BY_INTEREST, entries());
    pass(Duration.ofSeconds(25));
    write(new Lease(ONE, Interest.part("ada")));
    write(new Disconnected("ada", "s", null, null, false));
    long next = change().version();
    assertThat(inboxes()).containsExactly("ada " + next + " after " + version);
    nothingElse();
  }

  @Test
  void shouldRefuseAndForgetWhenChangesAreNotDeliveredByInterest() {
    start(BY_INTEREST, List.of());
    write(new Lease(ONE, 0));
    write(new Interest("ada", ONE, true));
    start(null, entries());
    write(new Interest("ada", ONE, false));
    write(new Lease(ONE, 0));
    assertThat(read("presence-dead-letters")).hasSize(2);
    write(connected("ada"));
    change();
    assertThat(keys()).containsExactly("uada");
    nothingElse();
  }

  private void start(
      PresenceTopology.@Nullable Delivery delivery, List<KeyValue<Bytes, byte[]>> stored) {
    close();
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "presence");
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "unused:9092");
    properties.put(StreamsConfig.STATE_DIR_CONFIG, directory.toString());
    driver =
        new TopologyTestDriver(
            PresenceTopology.build(
                new PresenceTopology.Configuration(
                    TOPICS,
                    1,
                    new Rules(Duration.ofHours(1), Duration.ofHours(2), Duration.ofSeconds(1)),
                    Duration.ofSeconds(1),
                    Duration.ofDays(30),
                    ChannelRules.from(Map.of()),
                    Duration.ofSeconds(1),
                    false,
                    delivery),
                partition -> {},
                partition -> {},
                (name, processor) ->
                    name.equals(PresenceTopology.PROCESSOR)
                        ? restored(processor, stored)
                        : processor),
            properties);
  }

  private static Processor<byte[], byte[], byte[], byte[]> restored(
      Processor<byte[], byte[], byte[], byte[]> processor, List<KeyValue<Bytes, byte[]>> stored) {
    return new Processor<>() {
      @Override
      public void init(ProcessorContext<byte[], byte[]> context) {
        PresenceStore store = context.getStateStore(PresenceTopology.PRESENCE_STORE);
        stored.forEach(entry -> store.restore(entry.key, entry.value));
        processor.init(context);
      }

      @Override
      public void process(Record<byte[], byte[]> record) {
        processor.process(record);
      }

      @Override
      public void close() {
        processor.close();
      }
    };
  }

  private TopologyTestDriver driver() {
    return Objects.requireNonNull(driver);
  }

  private void write(PresenceEvent event) {
    time += 1;
    driver()
        .createInputTopic(
            TOPICS.events().name(), new ByteArraySerializer(), new ByteArraySerializer())
        .pipeInput(
            new TestRecord<>(
                event instanceof OfUser ofUser ? ofUser.userId().getBytes(UTF_8) : null,
                PresenceEventCodec.write(event),
                Instant.ofEpochMilli(time)));
  }

  private void pass(Duration duration) {
    for (long passed = 0; passed < duration.toMillis(); passed += 500) {
      time += 500;
      write(new Tick());
    }
  }

  private static Connected connected(String userId) {
    return new Connected(userId, "s", "web", Patch.keep());
  }

  /** The only change on the topic, which is the same, byte for byte, as what was sent. */
  private PresenceChange change() {
    Topic<PresenceChange> topic = TOPICS.changes();
    List<TestRecord<byte[], byte[]>> records = read(topic.name());
    assertThat(records).hasSize(1);
    last = records.getFirst().value();
    return topic.values().deserializer().deserialize(topic.name(), last);
  }

  private List<String> inboxes() {
    return sent(TOPICS.inboxes().name());
  }

  private List<String> common() {
    return sent(TOPICS.common().name());
  }

  private List<String> sent(String topic) {
    List<String> all = new ArrayList<>();
    for (TestRecord<byte[], byte[]> record : read(topic)) {
      String key = new String(record.key(), UTF_8);
      long after = Inbox.after(record.headers());
      if (after >= 0) {
        PresenceChange change =
            TOPICS.changes().values().deserializer().deserialize(topic, record.value());
        if (last != null) {
          assertThat(record.value()).isEqualTo(last);
        }
        assertThat(key).isEqualTo(change.userId());
        all.add(key + " " + change.version() + " after " + after);
      } else {
        all.add(notice(key, record.value()));
      }
    }
    return all;
  }

  private static String notice(String key, byte[] value) {
    try {
      Notice notice = Notice.read(value);
      assertThat(key).isEqualTo(notice.gateway());
      return switch (notice) {
        case Notice.Heard heard ->
            "heard " + heard.gateway() + " " + heard.userId() + " " + heard.version();
        case Notice.Lease lease -> (lease.held() ? "held " : "lost ") + lease.gateway();
      };
    } catch (InvalidJsonException e) {
      throw new AssertionError(e);
    }
  }

  private List<TestRecord<byte[], byte[]>> read(String topic) {
    return driver()
        .createOutputTopic(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer())
        .readRecordsToList();
  }

  private List<KeyValue<Bytes, byte[]>> entries() {
    PresenceStore store =
        (PresenceStore)
            Objects.requireNonNull(driver().getStateStore(PresenceTopology.PRESENCE_STORE));
    List<KeyValue<Bytes, byte[]>> entries = new ArrayList<>();
    try (KeyValueIterator<Bytes, byte[]> all = store.entries()) {
      all.forEachRemaining(entries::add);
    }
    return entries;
  }

  private List<String> keys() {
    return entries().stream().map(entry -> new String(entry.key.get(), UTF_8)).toList();
  }

  private void nothingElse() {
    assertThat(read(TOPICS.changes().name())).isEmpty();
    assertThat(inboxes()).isEmpty();
    assertThat(common()).isEmpty();
    assertThat(read(TOPICS.deadLetters().name())).isEmpty();
  }
}
