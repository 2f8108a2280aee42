package io.presence.streams;

import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.settings.Settings;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.core.Rules;
import io.presence.streams.store.ChannelStore;
import io.presence.streams.store.PresenceStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
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
import org.jspecify.annotations.Nullable;

/**
 * The topology, in two parts: {@code presence-events} in; presences, changes, closed sessions and
 * dead letters out; and {@code channel-events} in, changes and dead letters out. A pure function of
 * its configuration: building it starts nothing.
 */
public final class PresenceTopology {
  /** The store of presences. */
  public static final String PRESENCE_STORE = "presence";

  /** The store of closed sessions: a session window each, a list of the sessions in it. */
  public static final String HISTORY_STORE = "session-history";

  /** The store of the members of channels. */
  public static final String CHANNEL_STORE = "channels";

  /** The processor of presence. */
  public static final String PROCESSOR = "presence-rules";

  /** The processor of channels. */
  public static final String CHANNEL_PROCESSOR = "channel-rules";

  static final String STATE_SINK = "state";
  static final String CHANGES_SINK = "changes";
  static final String SESSIONS_SINK = "sessions";
  static final String DEAD_LETTERS_SINK = "dead-letters";

  static final String INBOXES_SINK = "inboxes";
  static final String COMMON_SINK = "common";

  static final String CHANNEL_CHANGES_SINK = "changes-of-channels";
  static final String CHANNEL_DEAD_LETTERS_SINK = "dead-letters-of-channels";

  private static final String SOURCE = "events";

  /** Parts are numbered in the order of their sources' names: presence stays the first. */
  private static final String CHANNEL_SOURCE = "events-of-channels";

  /**
   * What the topology is built from.
   *
   * @param partitions how many partitions each event topic has: ids that do not belong where they
   *     came go to the dead letters
   * @param tickInterval how often a tick is written
   * @param sessionHistory how long closed sessions are kept
   * @param channelTickInterval how often a tick is written for channels
   * @param skipRepeated whether a user's state skips events that have taken effect already; only
   *     for at-least-once, where they are read again after a crash
   * @param delivery how changes are delivered by interest; null: they are not
   */
  public record Configuration(
      Topics topics,
      int partitions,
      Rules rules,
      Duration tickInterval,
      Duration sessionHistory,
      ChannelRules channelRules,
      Duration channelTickInterval,
      boolean skipRepeated,
      @Nullable Delivery delivery) {

    /** One where every gateway reads every change. */
    public Configuration(
        Topics topics,
        int partitions,
        Rules rules,
        Duration tickInterval,
        Duration sessionHistory,
        ChannelRules channelRules,
        Duration channelTickInterval,
        boolean skipRepeated) {
      this(
          topics,
          partitions,
          rules,
          tickInterval,
          sessionHistory,
          channelRules,
          channelTickInterval,
          skipRepeated,
          null);
    }
  }

  /**
   * How changes are delivered by interest.
   *
   * @param inboxes how many there are
   * @param share a user whom more than so many percent of the inboxes watch is told to all
   * @param lease how long a gateway is told something without a word from it
   */
  public record Delivery(int inboxes, int share, Duration lease) {
    static @Nullable Delivery from(Map<String, String> environment) {
      return Settings.DELIVERY.get(environment).equals("interest")
          ? new Delivery(
              Settings.INBOXES.get(environment),
              Settings.INTEREST_SHARE.get(environment),
              Settings.INTEREST_LEASE.get(environment))
          : null;
    }
  }

  private PresenceTopology() {}

  /** Builds the topology. */
  public static Topology build(Configuration configuration, Ticks ticks, Ticks channelTicks) {
    return build(configuration, ticks, channelTicks, (name, processor) -> processor);
  }

  /** Puts something around a processor of that name. */
  @FunctionalInterface
  public interface Around {
    Processor<byte[], byte[], byte[], byte[]> apply(
        String name, Processor<byte[], byte[], byte[], byte[]> processor);
  }

  /** Builds the topology, with something done around each processor; for tests and measurements. */
  public static Topology build(
      Configuration configuration, Ticks ticks, Ticks channelTicks, Around around) {
    Topics topics = configuration.topics();
    Topology topology = new Topology();
    addPart(
        topology,
        SOURCE,
        topics.events(),
        PROCESSOR,
        () -> around.apply(PROCESSOR, new PresenceProcessor(configuration, ticks)),
        Set.of(presenceStore(configuration), historyStore(configuration)));
    addSink(topology, PROCESSOR, STATE_SINK, topics.state());
    addSink(topology, PROCESSOR, CHANGES_SINK, topics.changes());
    addSink(topology, PROCESSOR, SESSIONS_SINK, topics.sessions());
    addSink(topology, PROCESSOR, DEAD_LETTERS_SINK, topics.deadLetters());
    if (configuration.delivery() != null) {
      topology.addSink(
          INBOXES_SINK,
          topics.inboxes().name(),
          Inboxes.keys(),
          new ByteArraySerializer(),
          Inboxes.partitioner(),
          PROCESSOR);
      addSink(topology, PROCESSOR, COMMON_SINK, topics.common());
    }
    addPart(
        topology,
        CHANNEL_SOURCE,
        topics.channelEvents(),
        CHANNEL_PROCESSOR,
        () -> around.apply(CHANNEL_PROCESSOR, new ChannelProcessor(configuration, channelTicks)),
        Set.of(channelStore(configuration)));
    addSink(topology, CHANNEL_PROCESSOR, CHANNEL_CHANGES_SINK, topics.channelChanges());
    addSink(topology, CHANNEL_PROCESSOR, CHANNEL_DEAD_LETTERS_SINK, topics.deadLetters());
    return topology;
  }

  private static void addPart(
      Topology topology,
      String source,
      Topic<?> topic,
      String processorName,
      Supplier<Processor<byte[], byte[], byte[], byte[]>> processors,
      Set<StoreBuilder<?>> stores) {
    topology.addSource(
        AutoOffsetReset.earliest(),
        source,
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer(),
        topic.name());
    topology.addProcessor(
        processorName,
        new ProcessorSupplier<byte[], byte[], byte[], byte[]>() {
          @Override
          public Processor<byte[], byte[], byte[], byte[]> get() {
            return processors.get();
          }

          @Override
          public Set<StoreBuilder<?>> stores() {
            return stores;
          }
        },
        source);
  }

  private static void addSink(
      Topology topology, String processorName, String name, Topic<?> topic) {
    topology.addSink(
        name, topic.name(), new ByteArraySerializer(), new ByteArraySerializer(), processorName);
  }

  static StoreBuilder<PresenceStore> presenceStore(Configuration configuration) {
    return PresenceStore.builder(PRESENCE_STORE, configuration.rules(), changelog());
  }

  static StoreBuilder<ChannelStore> channelStore(Configuration configuration) {
    return ChannelStore.builder(CHANNEL_STORE, configuration.channelRules(), changelog());
  }

  private static Map<String, String> changelog() {
    return Map.of(
        TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
        Integer.toString(Topics.MAX_DEAD_LETTER_BYTES),
        // One record a second and partition is overwritten for ever: keep segments small.
        TopicConfig.SEGMENT_BYTES_CONFIG,
        Integer.toString(64 * 1024 * 1024),
        TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
        Topics.ANY_TIME);
  }

  static StoreBuilder<SessionStore<String, List<ClosedSession>>> historyStore(
      Configuration configuration) {
    return Stores.sessionStoreBuilder(
            Stores.persistentSessionStore(HISTORY_STORE, configuration.sessionHistory()),
            Serdes.String(),
            ClosedSessionsSerde.create())
        .withLoggingEnabled(
            Map.of(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG, Topics.ANY_TIME))
        .withCachingDisabled();
  }
}
