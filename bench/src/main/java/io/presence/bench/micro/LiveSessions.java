package io.presence.bench.micro;

import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.Tick;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.topic.Topics;
import io.presence.streams.PresenceTopology;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.core.Rules;
import io.presence.streams.store.LookupQuery;
import io.presence.streams.store.PresenceStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;

/**
 * The topology of production in this process, with one partition in which so many sessions are
 * live. They are opened through the whole topology; heartbeats and ticks are then given to its
 * processor alone. Their time moves slowly enough that nothing becomes due.
 */
final class LiveSessions implements AutoCloseable {
  static final int BATCH = 1_000;

  private static final Topics TOPICS = new Topics("");
  private static final byte[] TICK = PresenceEventCodec.write(new Tick());
  private static final long START = 1_700_000_000_000L;

  private final Path directory;
  private final TopologyTestDriver driver;
  private final PresenceStore store;
  private final List<byte[]> batches = new ArrayList<>();
  private final List<List<String>> lookups = new ArrayList<>();
  private @Nullable Processor<byte[], byte[], byte[], byte[]> processor;
  private long timestamp = START;
  private int nextBatch;
  private int nextLookup;

  /** Opens sessions, of a user each; a multiple of {@link #BATCH}. */
  LiveSessions(int count) throws IOException {
    directory = Files.createTempDirectory("presence-live");
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "bench");
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "unused:9092");
    properties.put(StreamsConfig.STATE_DIR_CONFIG, directory.toString());
    driver =
        new TopologyTestDriver(
            PresenceTopology.build(
                new PresenceTopology.Configuration(
                    TOPICS,
                    1,
                    Rules.from(Map.of()),
                    Duration.ofSeconds(1),
                    Duration.ofDays(30),
                    ChannelRules.from(Map.of()),
                    Duration.ofSeconds(1),
                    false),
                partition -> {},
                partition -> {},
                (name, each) -> {
                  if (name.equals(PresenceTopology.PROCESSOR)) {
                    processor = each;
                  }
                  return each;
                }),
            properties);
    store =
        (PresenceStore)
            Objects.requireNonNull(driver.getStateStore(PresenceTopology.PRESENCE_STORE));
    List<Heartbeat> heartbeats = heartbeats(count);
    open(heartbeats);
    Collections.shuffle(heartbeats, new Random(2));
    batches.addAll(batches(heartbeats));
    for (int from = 0; from < count; from += BATCH) {
      lookups.add(heartbeats.subList(from, from + BATCH).stream().map(Heartbeat::userId).toList());
    }
  }

  /**
   * Takes a batch of {@link #BATCH} heartbeats, of random users of those that did not just beat.
   */
  void beat() {
    process(batches.get(nextBatch));
    nextBatch = (nextBatch + 1) % batches.size();
  }

  /** A millisecond passes. */
  void tick() {
    timestamp++;
    process(TICK);
  }

  /** Looks up so many random users, {@link #BATCH} at most, as another sees them. */
  List<Lookup.Entry> lookUp(int count) {
    List<String> ids = lookups.get(nextLookup);
    nextLookup = (nextLookup + 1) % lookups.size();
    LookupQuery query = new LookupQuery("requester", Map.of(0, ids.subList(0, count)), false);
    return store.query(query, PositionBound.unbounded(), new QueryConfig(false)).getResult();
  }

  int batchCount() {
    return batches.size();
  }

  @Override
  public void close() {
    driver.close();
    try {
      Utils.delete(directory.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void process(byte[] value) {
    Objects.requireNonNull(processor).process(new Record<>(null, value, timestamp));
  }

  private void open(List<Heartbeat> heartbeats) {
    TestInputTopic<byte[], byte[]> events =
        driver.createInputTopic(
            TOPICS.events().name(), new ByteArraySerializer(), new ByteArraySerializer());
    List<TestOutputTopic<byte[], byte[]>> outputs =
        Stream.of(
                TOPICS.state().name(),
                TOPICS.changes().name(),
                "bench-" + PresenceTopology.PRESENCE_STORE + "-changelog")
            .map(
                topic ->
                    driver.createOutputTopic(
                        topic, new ByteArrayDeserializer(), new ByteArrayDeserializer()))
            .toList();
    for (byte[] batch : batches(heartbeats)) {
      events.pipeInput(new TestRecord<>(null, batch, Instant.ofEpochMilli(++timestamp)));
      outputs.forEach(TestOutputTopic::readRecordsToList);
    }
  }

  private static List<Heartbeat> heartbeats(int count) {
    Random random = new Random(1);
    List<Heartbeat> heartbeats = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      heartbeats.add(
          new Heartbeat(
              "user-%07d".formatted(i), "%016x".formatted(random.nextLong()), "web", true));
    }
    return heartbeats;
  }

  private static List<byte[]> batches(List<Heartbeat> heartbeats) {
    List<byte[]> batches = new ArrayList<>();
    for (int from = 0; from < heartbeats.size(); from += BATCH) {
      batches.add(PresenceEventCodec.write(new Heartbeats(heartbeats.subList(from, from + BATCH))));
    }
    return batches;
  }
}
