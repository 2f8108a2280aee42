package io.presence.streams.model;

import io.presence.schemas.presence.Presence;
import org.jspecify.annotations.Nullable;

/** Whatever turns one partition of {@code presence-events} into presence. */
public interface Subject extends AutoCloseable {

  /** Takes one record of the log. */
  void record(long timestamp, @Nullable String key, byte @Nullable [] value);

  /** What came out since this was last called. */
  Outputs outputs();

  /**
   * What {@code requester} sees of {@code userId}: null if the user is not known or hidden.
   *
   * @param requester null for a stranger
   */
  @Nullable Presence lookup(@Nullable String requester, String userId);

  /** The task moves: all that was not stored is forgotten. */
  void restart();

  @Override
  void close();
}
