package io.presence.schemas.topic;

import io.presence.schemas.channel.ChannelChange;
import io.presence.schemas.channel.Cursor;
import io.presence.schemas.event.ChannelEvent;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.presence.PresenceChange;
import io.presence.schemas.presence.PresenceState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.Serdes;

/**
 * The topics, one typed definition each.
 *
 * @param prefix what every name begins with; may be empty
 */
public record Topics(String prefix) {
  /** The most bytes of a record that a client may write. */
  public static final int MAX_EVENT_BYTES = 1024 * 1024;

  /** A dead letter is an event with a reason beside it. */
  public static final int MAX_DEAD_LETTER_BYTES = 2 * MAX_EVENT_BYTES;

  /**
   * {@code message.timestamp.after.max.ms} of whatever is written with the log's time. By default a
   * broker refuses what is stamped an hour ahead of its own clock; what another broker stamped
   * whose clock was that far ahead would then stop the partition that it is in.
   */
  public static final String ANY_TIME = Long.toString(Long.MAX_VALUE);

  /** What happened; null keys on batches and ticks. */
  public Topic<PresenceEvent> events() {
    return new Topic<>(prefix + "presence-events", JsonSerde.ofEvents(), eventConfig());
  }

  /** The latest presence of each user; a tombstone when one is erased. */
  public Topic<PresenceState> state() {
    return new Topic<>(
        prefix + "presence-state",
        JsonSerde.of(PresenceState.class),
        Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG,
            TopicConfig.CLEANUP_POLICY_COMPACT,
            TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
            ANY_TIME));
  }

  /** Every visible change. */
  public Topic<PresenceChange> changes() {
    return new Topic<>(
        prefix + "presence-changes",
        JsonSerde.of(PresenceChange.class),
        keptFor(Duration.ofDays(7)));
  }

  /** Every closed session. */
  public Topic<ClosedSession> sessions() {
    return new Topic<>(
        prefix + "presence-sessions",
        JsonSerde.of(ClosedSession.class),
        keptFor(Duration.ofDays(30)));
  }

  /** What happened in channels; null keys on batches and ticks. */
  public Topic<ChannelEvent> channelEvents() {
    return new Topic<>(prefix + "channel-events", JsonSerde.ofChannelEvents(), eventConfig());
  }

  /** Every visible change in a channel. */
  public Topic<ChannelChange> channelChanges() {
    return new Topic<>(
        prefix + "channel-changes", JsonSerde.of(ChannelChange.class), keptFor(Duration.ofDays(1)));
  }

  /** Where the members of documents are. */
  public Topic<Cursor> channelCursors() {
    return new Topic<>(
        prefix + "channel-cursors", JsonSerde.of(Cursor.class), logTime(Duration.ofMinutes(10)));
  }

  /**
   * What each gateway is told of those whom it watches, where changes are delivered by interest: a
   * partition is an inbox, see {@link io.presence.schemas.delivery.Inbox}. Not one of {@link #all}.
   */
  public Topic<byte[]> inboxes() {
    return new Topic<>(
        prefix + "presence-inboxes", Serdes.ByteArray(), keptFor(Duration.ofHours(1)));
  }

  /** The same, of users whom most watch: every gateway reads it. Not one of {@link #all}. */
  public Topic<byte[]> common() {
    return new Topic<>(
        prefix + "presence-common", Serdes.ByteArray(), keptFor(Duration.ofHours(1)));
  }

  /** What could not be taken, as it came, with the reason in its headers. */
  public Topic<byte[]> deadLetters() {
    return new Topic<>(
        prefix + "presence-dead-letters",
        Serdes.ByteArray(),
        Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG,
            TopicConfig.CLEANUP_POLICY_DELETE,
            TopicConfig.RETENTION_MS_CONFIG,
            millis(Duration.ofDays(30)),
            TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
            Integer.toString(MAX_DEAD_LETTER_BYTES),
            TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
            ANY_TIME));
  }

  /** All of them. */
  public List<Topic<?>> all() {
    return List.of(
        events(),
        state(),
        changes(),
        sessions(),
        channelEvents(),
        channelChanges(),
        channelCursors(),
        deadLetters());
  }

  private static Map<String, String> eventConfig() {
    return logTime(Duration.ofHours(6));
  }

  /** Kept for so long, and with the broker's time. */
  private static Map<String, String> logTime(Duration retention) {
    return Map.of(
        TopicConfig.CLEANUP_POLICY_CONFIG,
        TopicConfig.CLEANUP_POLICY_DELETE,
        TopicConfig.RETENTION_MS_CONFIG,
        millis(retention),
        TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG,
        "LogAppendTime");
  }

  private static Map<String, String> keptFor(Duration retention) {
    return Map.of(
        TopicConfig.CLEANUP_POLICY_CONFIG,
        TopicConfig.CLEANUP_POLICY_DELETE,
        TopicConfig.RETENTION_MS_CONFIG,
        millis(retention),
        TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
        ANY_TIME);
  }

  private static String millis(Duration duration) {
    return Long.toString(duration.toMillis());
  }
}
