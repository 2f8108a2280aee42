package io.presence.streams;

import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import io.presence.streams.core.Rules;
import io.presence.streams.store.PresenceStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The topology: {@code presence-events} in; presences, changes, closed sessions and dead letters
 * out. A pure function of its configuration: building it starts nothing.
 */
public final class PresenceTopology {
  /** The store of presences. */
  public static final String PRESENCE_STORE = "presence";

  /** The store of closed sessions: a session window each, a list of the sessions in it. */
  public static final String HISTORY_STORE = "session-history";

  static final String PROCESSOR = "presence-rules";
  static final String STATE_SINK = "state";
  static final String CHANGES_SINK = "changes";
  static final String SESSIONS_SINK = "sessions";
  static final String DEAD_LETTERS_SINK = "dead-letters";

  private static final String SOURCE = "events";

  /**
   * What the topology is built from.
   *
   * @param partitions how many partitions {@code presence-events} has: ids that do not belong where
   *     they came go to the dead letters
   * @param tickInterval how often a tick is written
   * @param sessionHistory how long closed sessions are kept
   * @param skipRepeated whether a user's state skips events that have taken effect already; only
   *     for at-least-once, where they are read again after a crash
   */
  public record Configuration(
      Topics topics,
      int partitions,
      Rules rules,
      Duration tickInterval,
      Duration sessionHistory,
      boolean skipRepeated) {}

  private PresenceTopology() {}

  /** Builds the topology. */
  public static Topology build(Configuration configuration, Ticks ticks) {
    return build(configuration, ticks, UnaryOperator.identity());
  }

  /** Builds the topology, with something done around each processor; for tests and measurements. */
  public static Topology build(
      Configuration configuration,
      Ticks ticks,
      UnaryOperator<Processor<byte[], byte[], byte[], byte[]>> around) {
    Topics topics = configuration.topics();
    Topology topology = new Topology();
    topology.addSource(
        AutoOffsetReset.earliest(),
        SOURCE,
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer(),
        topics.events().name());
    topology.addProcessor(
        PROCESSOR,
        new ProcessorSupplier<byte[], byte[], byte[], byte[]>() {
          @Override
          public Processor<byte[], byte[], byte[], byte[]> get() {
            return around.apply(new PresenceProcessor(configuration, ticks));
          }

          @Override
          public Set<StoreBuilder<?>> stores() {
            return Set.of(presenceStore(configuration), historyStore(configuration));
          }
        },
        SOURCE);
    addSink(topology, STATE_SINK, topics.state());
    addSink(topology, CHANGES_SINK, topics.changes());
    addSink(topology, SESSIONS_SINK, topics.sessions());
    addSink(topology, DEAD_LETTERS_SINK, topics.deadLetters());
    return topology;
  }

  private static void addSink(Topology topology, String name, Topic<?> topic) {
    topology.addSink(
        name, topic.name(), new ByteArraySerializer(), new ByteArraySerializer(), PROCESSOR);
  }

  private static StoreBuilder<PresenceStore> presenceStore(Configuration configuration) {
    return PresenceStore.builder(
        PRESENCE_STORE,
        configuration.rules(),
        Map.of(
            TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
            Integer.toString(Topics.MAX_DEAD_LETTER_BYTES),
            // One record a second and partition is overwritten for ever: keep segments small.
            TopicConfig.SEGMENT_BYTES_CONFIG,
            Integer.toString(64 * 1024 * 1024)));
  }

  private static StoreBuilder<SessionStore<String, List<ClosedSession>>> historyStore(
      Configuration configuration) {
    return Stores.sessionStoreBuilder(
            Stores.persistentSessionStore(HISTORY_STORE, configuration.sessionHistory()),
            Serdes.String(),
            ClosedSessionsSerde.create())
        .withLoggingEnabled(Map.of())
        .withCachingDisabled();
  }
}
