package io.presence.streams.channels;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.ChannelChange;
import io.presence.schemas.event.ChannelEvent;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.event.ChannelEventCodec;
import io.presence.schemas.json.Json;
import io.presence.schemas.query.Question;
import io.presence.schemas.topic.Topics;
import io.presence.streams.PresenceTopology;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.core.Rules;
import io.presence.streams.store.ChannelQuery;
import io.presence.streams.store.ChannelStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
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

/** The topology that production runs, of which channels are asked and told. */
final class ChannelSubject implements AutoCloseable {
  private static final Topics TOPICS = new Topics("");

  private final PresenceTopology.Configuration configuration;
  private final Path directory;
  private final List<ChannelChange> changes = new ArrayList<>();
  private final List<String> deadLetters = new ArrayList<>();
  private int ticks;
  private Running running;

  ChannelSubject(Duration ttl, int partitions) {
    configuration =
        new PresenceTopology.Configuration(
            TOPICS,
            partitions,
            Rules.from(Map.of()),
            Duration.ofSeconds(1),
            Duration.ofDays(30),
            ChannelRules.of(ttl),
            Duration.ofSeconds(1),
            false);
    try {
      directory = Files.createTempDirectory("presence-channels");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    running = new Running(List.of());
  }

  void record(long timestamp, @Nullable String key, byte @Nullable [] value) {
    running.events.pipeInput(
        new TestRecord<>(
            key == null ? null : key.getBytes(UTF_8), value, Instant.ofEpochMilli(timestamp)));
    running.collect();
  }

  void event(long timestamp, ChannelEvent event) {
    record(
        timestamp,
        event instanceof OfMember ofMember ? ofMember.channelId() : null,
        ChannelEventCodec.write(event));
  }

  /** What was told since this was last asked. */
  List<ChannelChange> changes() {
    List<ChannelChange> told = List.copyOf(changes);
    changes.clear();
    return told;
  }

  /** The values that could not be taken since this was last asked. */
  List<String> deadLetters() {
    List<String> told = List.copyOf(deadLetters);
    deadLetters.clear();
    return told;
  }

  /** How many ticks were asked for since this was last asked. */
  int ticks() {
    int told = ticks;
    ticks = 0;
    return told;
  }

  JsonNode ask(Question.OfChannel question) {
    ChannelQuery.Result result =
        running
            .store()
            .query(new ChannelQuery(question), PositionBound.unbounded(), new QueryConfig(false))
            .getResult();
    return parse(result.json());
  }

  JsonNode members(String channelId, @Nullable String requester) {
    return ask(new Question.Members(channelId, requester, 5_000, null));
  }

  /** What is in the store, as its changelog holds it. */
  List<KeyValue<Bytes, byte[]>> entries() {
    List<KeyValue<Bytes, byte[]>> entries = new ArrayList<>();
    try (KeyValueIterator<Bytes, byte[]> all = running.store().entries()) {
      all.forEachRemaining(entries::add);
    }
    return entries;
  }

  /** How many records were written to the changelog since this was last asked. */
  int logged() {
    return running
        .driver
        .createOutputTopic(
            "presence-" + PresenceTopology.CHANNEL_STORE + "-changelog",
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())
        .readRecordsToList()
        .size();
  }

  void restart() {
    List<KeyValue<Bytes, byte[]>> stored = entries();
    running.driver.close();
    running = new Running(stored);
  }

  @Override
  public void close() {
    running.driver.close();
    try {
      Utils.delete(directory.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode parse(byte[] json) {
    try {
      return Json.MAPPER.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Running {
    final TopologyTestDriver driver;
    final TestInputTopic<byte[], byte[]> events;
    private final TestOutputTopic<byte[], byte[]> told;
    private final TestOutputTopic<byte[], byte[]> refused;

    Running(List<KeyValue<Bytes, byte[]>> stored) {
      Properties properties = new Properties();
      properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "presence");
      properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "unused:9092");
      properties.put(StreamsConfig.STATE_DIR_CONFIG, directory.toString());
      driver =
          new TopologyTestDriver(
              PresenceTopology.build(
                  configuration,
                  partition -> {},
                  partition -> ticks++,
                  (name, processor) ->
                      name.equals(PresenceTopology.CHANNEL_PROCESSOR)
                          ? restored(processor, stored)
                          : processor),
              properties);
      events =
          driver.createInputTopic(
              TOPICS.channelEvents().name(), new ByteArraySerializer(), new ByteArraySerializer());
      told = output(TOPICS.channelChanges().name());
      refused = output(TOPICS.deadLetters().name());
    }

    ChannelStore store() {
      return (ChannelStore)
          Objects.requireNonNull(driver.getStateStore(PresenceTopology.CHANNEL_STORE));
    }

    void collect() {
      for (TestRecord<byte[], byte[]> record : told.readRecordsToList()) {
        ChannelChange change =
            TOPICS.channelChanges().values().deserializer().deserialize("", record.value());
        if (!change.channelId().equals(new String(record.key(), UTF_8))) {
          throw new AssertionError("key of " + change);
        }
        changes.add(change);
      }
      for (TestRecord<byte[], byte[]> record : refused.readRecordsToList()) {
        deadLetters.add(record.value() == null ? "null" : new String(record.value(), UTF_8));
      }
    }

    private TestOutputTopic<byte[], byte[]> output(String topic) {
      return driver.createOutputTopic(
          topic, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }
  }

  private static Processor<byte[], byte[], byte[], byte[]> restored(
      Processor<byte[], byte[], byte[], byte[]> processor, List<KeyValue<Bytes, byte[]>> stored) {
    return new Processor<>() {
      @Override
      public void init(ProcessorContext<byte[], byte[]> context) {
        ChannelStore store = context.getStateStore(PresenceTopology.CHANNEL_STORE);
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
