package io.presence.bench.heartbeats;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.jspecify.annotations.Nullable;

/**
 * Who is online, as a tutorial on session windows would have it: a session window for each user,
 * closed after 30 s without a heartbeat, and a status written when it opens and when it closes. The
 * defaults of Kafka Streams, but for {@code exactly_once_v2}.
 */
final class TextbookSessions {
  static final String BOOTSTRAP = "BENCH_BOOTSTRAP";
  static final String APPLICATION = "BENCH_APPLICATION";
  static final String INPUT = "BENCH_INPUT";
  static final String OUTPUT = "BENCH_OUTPUT";
  static final String DIRECTORY = "BENCH_DIRECTORY";
  static final String IN_MEMORY = "BENCH_IN_MEMORY";
  static final String READY = "sessions are counted";

  private static final Duration GAP = Duration.ofSeconds(30);
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private TextbookSessions() {}

  /** Runs until it is told to stop. */
  public static void main(String[] args) throws InterruptedException {
    Properties config = new Properties();
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv(BOOTSTRAP));
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, System.getenv(APPLICATION));
    config.put(StreamsConfig.STATE_DIR_CONFIG, System.getenv(DIRECTORY));
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    KafkaStreams streams =
        new KafkaStreams(
            topology(
                System.getenv(INPUT),
                System.getenv(OUTPUT),
                Boolean.parseBoolean(System.getenv(IN_MEMORY))),
            config);
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.RUNNING) {
            System.out.println(READY);
          }
        });
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10)), "shutdown"));
    streams.start();
    Thread.currentThread().join();
  }

  private static Topology topology(String input, String output, boolean inMemory) {
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, String> heartbeats =
        builder.stream(input, Consumed.with(Serdes.String(), Serdes.String()))
            .mapValues(TextbookSessions::parse)
            .filter(
                (user, event) -> event != null && event.path("type").asText().equals("heartbeat"))
            .mapValues(event -> event.path("device").asText("default"));

    Materialized<String, String, SessionStore<Bytes, byte[]>> store =
        inMemory
            ? Materialized.as(Stores.inMemorySessionStore("sessions", Duration.ofMinutes(5)))
            : Materialized.as("sessions");
    KTable<Windowed<String>, String> sessions =
        heartbeats
            .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
            .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(GAP))
            .aggregate(
                () -> "",
                (user, device, before) -> device,
                (user, left, right) -> right,
                store.withKeySerde(Serdes.String()).withValueSerde(Serdes.String()));

    // A session whose window has a length is one that was there before.
    KStream<String, String> online =
        sessions
            .toStream()
            .filter(
                (session, device) ->
                    device != null && session.window().start() == session.window().end())
            .map((session, device) -> KeyValue.pair(session.key(), "online"));
    KStream<String, String> offline =
        sessions
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()).withName("closed"))
            .toStream()
            .map((session, device) -> KeyValue.pair(session.key(), "offline"));
    online.merge(offline).to(output, Produced.with(Serdes.String(), Serdes.String()));
    return builder.build();
  }

  private static @Nullable JsonNode parse(@Nullable String value) {
    try {
      return value == null ? null : MAPPER.readTree(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
