package io.presence.schemas.event;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Patch;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A value of {@code channel-events}: what happened in a channel. Durations travel in seconds; no
 * event carries an instant, for time is the log's.
 */
public sealed interface ChannelEvent {

  /** The word in the field {@code type}. */
  String type();

  /** An event about one user's membership; the record's key is the channel. */
  sealed interface OfMember extends ChannelEvent {
    String channelId();

    String userId();

    @Nullable String sessionId();

    /** The session's name: its id, else {@code device:default}. */
    default String sessionName() {
      return PresenceEvent.sessionName(sessionId(), null);
    }
  }

  /**
   * A session opens in a channel, or says that it is still there.
   *
   * @param metadata an object; a session that is there keeps what it has if it is not said
   * @param hidden whether the session is not to be seen by others; null keeps what it is, which is
   *     seen for one that opens
   */
  record Joined(
      String channelId,
      String userId,
      @Nullable String sessionId,
      Patch<JsonNode> metadata,
      @Nullable Boolean hidden)
      implements OfMember {
    @Override
    public String type() {
      return "joined";
    }
  }

  /**
   * A session's metadata was set. Without a session, the one that the user opened last is meant;
   * one that is not there is not opened.
   *
   * @param metadata an object; null clears
   */
  record Updated(
      String channelId, String userId, @Nullable String sessionId, @Nullable JsonNode metadata)
      implements OfMember {
    @Override
    public String type() {
      return "updated";
    }
  }

  /** A session lives. One that is not there is not opened. */
  record Heartbeat(String channelId, String userId, @Nullable String sessionId)
      implements OfMember {
    @Override
    public String type() {
      return "heartbeat";
    }
  }

  /** Heartbeats in many channels whose ids all belong to one partition; the record has no key. */
  record Heartbeats(List<Heartbeat> entries) implements ChannelEvent {
    @Override
    public String type() {
      return "heartbeats";
    }
  }

  /** A session leaves; without one, all of the user's sessions in the channel do. */
  record Left(String channelId, String userId, @Nullable String sessionId) implements OfMember {
    @Override
    public String type() {
      return "left";
    }
  }

  /**
   * A session's connection is gone.
   *
   * @param grace how long the session may come back; null or none: it ended for good
   */
  record Disconnected(
      String channelId, String userId, @Nullable String sessionId, @Nullable Duration grace)
      implements OfMember {
    @Override
    public String type() {
      return "disconnected";
    }
  }

  /** Nothing but a time: the record's. It has no key. */
  record Tick() implements ChannelEvent {
    @Override
    public String type() {
      return "tick";
    }
  }
}
