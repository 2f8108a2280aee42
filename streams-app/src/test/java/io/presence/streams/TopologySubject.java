package io.presence.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.json.Json;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.model.Outputs;
import io.presence.streams.model.Rules;
import io.presence.streams.model.Subject;
import io.presence.streams.store.LookupQuery;
import io.presence.streams.store.PresenceStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;

/**
 * The topology that production runs, in a {@link TopologyTestDriver}. That cannot restart: a new
 * one takes over what the store's changelog holds, before the processor begins.
 */
public final class TopologySubject implements Subject {
  private static final Topics TOPICS = new Topics("");

  private final PresenceTopology.Configuration configuration;
  private final Path directory;
  private int ticks;
  private Running running;
  private Outputs outputs = none();

  public TopologySubject(Rules rules) {
    Duration ttl = Duration.ofMillis(rules.heartbeatTtl());
    configuration =
        new PresenceTopology.Configuration(
            TOPICS,
            rules.partitions(),
            new io.presence.streams.core.Rules(
                ttl,
                Duration.ofMillis(rules.awayAfter()),
                Duration.ofMillis(rules.stallThreshold())),
            Duration.ofSeconds(1),
            Duration.ofDays(30),
            ChannelRules.from(Map.of()),
            Duration.ofSeconds(1),
            false);
    try {
      directory = Files.createTempDirectory("presence-topology");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    running = new Running(List.of());
  }

  @Override
  public void record(long timestamp, @Nullable String key, byte @Nullable [] value) {
    running.events.pipeInput(
        new TestRecord<>(
            key == null ? null : key.getBytes(UTF_8), value, Instant.ofEpochMilli(timestamp)));
  }

  @Override
  public Outputs outputs() {
    running.collect();
    Outputs all = outputs.and(new Outputs(List.of(), List.of(), List.of(), List.of(), ticks));
    outputs = none();
    ticks = 0;
    return all;
  }

  @Override
  public @Nullable Presence lookup(@Nullable String requester, String userId) {
    Lookup.Entry entry = lookup(requester, userId, false);
    Lookup.Entry withContact = lookup(requester, userId, true);
    assertThat(entry.presence())
        .as("to ask for contacts shows neither more nor less")
        .isEqualTo(withContact.presence());
    if (entry.outcome() != Lookup.Outcome.SHOWN) {
      return null;
    }
    try {
      return Json.MAPPER.readValue(entry.presence(), Presence.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Lookup.Entry lookup(@Nullable String requester, String userId, boolean contacts) {
    LookupQuery query = new LookupQuery(requester, Map.of(0, List.of(userId)), contacts);
    return running
        .store()
        .query(query, PositionBound.unbounded(), new QueryConfig(false))
        .getResult()
        .getFirst();
  }

  @Override
  public void restart() {
    List<KeyValue<Bytes, byte[]>> stored = entries();
    running.collect();
    running.close();
    running = new Running(stored);
  }

  /** What is in the store, as its changelog holds it. */
  public List<KeyValue<Bytes, byte[]>> entries() {
    List<KeyValue<Bytes, byte[]>> entries = new ArrayList<>();
    try (KeyValueIterator<Bytes, byte[]> all = running.store().entries()) {
      all.forEachRemaining(entries::add);
    }
    return entries;
  }

  /**
   * The records written to the changelogs since this was last asked, but for the entry of nobody's
   * that each start writes to the history.
   */
  public List<TestRecord<byte[], byte[]>> changelogs() {
    List<TestRecord<byte[], byte[]>> records = new ArrayList<>();
    for (String store : List.of(PresenceTopology.PRESENCE_STORE, PresenceTopology.HISTORY_STORE)) {
      records.addAll(
          running
              .driver
              .createOutputTopic(
                  "presence-" + store + "-changelog",
                  new ByteArrayDeserializer(),
                  new ByteArrayDeserializer())
              .readRecordsToList());
    }
    records.removeIf(TopologySubject::isMark);
    return records;
  }

  private static boolean isMark(TestRecord<byte[], byte[]> record) {
    // The key of a session: the user's id, then the two times of the window.
    return record.key().length == 2 * Long.BYTES;
  }

  /** So much time passes on the wall clock, and none in the log. */
  public void wallClock(Duration time) {
    running.driver.advanceWallClockTime(time);
  }

  @Override
  public void close() {
    running.close();
    try {
      Utils.delete(directory.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Outputs none() {
    return new Outputs(
        new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), 0);
  }

  private final class Running {
    final TopologyTestDriver driver;
    final TestInputTopic<byte[], byte[]> events;
    private final Map<String, TestOutputTopic<byte[], byte[]>> topics = new HashMap<>();

    Running(List<KeyValue<Bytes, byte[]>> stored) {
      Properties properties = new Properties();
      properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "presence");
      properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "unused:9092");
      properties.put(StreamsConfig.STATE_DIR_CONFIG, directory.toString());
      driver =
          new TopologyTestDriver(
              PresenceTopology.build(
                  configuration,
                  partition -> ticks++,
                  partition -> {},
                  (name, processor) ->
                      name.equals(PresenceTopology.PROCESSOR)
                          ? restored(processor, stored)
                          : processor),
              properties);
      events =
          driver.createInputTopic(
              TOPICS.events().name(), new ByteArraySerializer(), new ByteArraySerializer());
      for (Topic<?> topic : TOPICS.all()) {
        topics.put(
            topic.name(),
            driver.createOutputTopic(
                topic.name(), new ByteArrayDeserializer(), new ByteArrayDeserializer()));
      }
    }

    PresenceStore store() {
      return (PresenceStore)
          Objects.requireNonNull(driver.getStateStore(PresenceTopology.PRESENCE_STORE));
    }

    void collect() {
      for (TestRecord<byte[], byte[]> record : read(TOPICS.changes())) {
        outputs.changes().add(Objects.requireNonNull(value(TOPICS.changes(), record)));
      }
      for (TestRecord<byte[], byte[]> record : read(TOPICS.state())) {
        outputs.states().add(new Outputs.State(key(record), value(TOPICS.state(), record)));
      }
      for (TestRecord<byte[], byte[]> record : read(TOPICS.sessions())) {
        outputs
            .sessions()
            .add(
                new Outputs.Closed(
                    key(record), Objects.requireNonNull(value(TOPICS.sessions(), record))));
      }
      for (TestRecord<byte[], byte[]> record : read(TOPICS.deadLetters())) {
        outputs.deadLetters().add(new Outputs.DeadLetter(text(record.key()), text(record.value())));
      }
    }

    private List<TestRecord<byte[], byte[]>> read(Topic<?> topic) {
      return Objects.requireNonNull(topics.get(topic.name())).readRecordsToList();
    }

    void close() {
      driver.close();
    }
  }

  private static String key(TestRecord<byte[], byte[]> record) {
    return Objects.requireNonNull(text(record.key()));
  }

  private static @Nullable String text(byte @Nullable [] bytes) {
    return bytes == null ? null : new String(bytes, UTF_8);
  }

  private static <V> @Nullable V value(Topic<V> topic, TestRecord<byte[], byte[]> record) {
    return topic.values().deserializer().deserialize(topic.name(), record.value());
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
}
