package io.presence.streams.core;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.channel.Member;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of one user in one channel. Only the pulse and the clocks of the sessions
 * change in place.
 *
 * @param sessions in the order in which they were opened
 * @param joinedAt since when others see the member, in milliseconds since the epoch; 0 if they do
 *     not
 * @param version the channel's when others saw the member change last; 0 if they never did
 * @param changedBy the offset up to which the log has taken effect
 * @param pulse when any session that others see was last heard of
 */
public record MemberState(
    String channelId,
    String userId,
    List<MemberSession> sessions,
    long joinedAt,
    long version,
    long changedBy,
    Pulse pulse) {

  /** A user who is not in the channel. */
  public static MemberState none(String channelId, String userId) {
    return new MemberState(channelId, userId, List.of(), 0, 0, -1, new Pulse(0));
  }

  /** Whether others see the member: any session is not hidden. */
  public boolean isShown() {
    return sessions.stream().anyMatch(session -> !session.hidden());
  }

  /** The metadata that others see: that of the session which set it last of those they see. */
  public @Nullable JsonNode metadata() {
    return metadata(false);
  }

  /** The member as others see it; of one who is hidden, what it has of its own. */
  public Member member() {
    return isShown()
        ? new Member(userId, joinedAt, pulse.lastSeen(), metadata())
        : new Member(userId, sessions.getFirst().joinedAt(), null, metadata(true));
  }

  /** It was heard of at {@code timestamp}, if not later. */
  public void lastSeenAtLeast(long timestamp) {
    if (timestamp > pulse.lastSeen()) {
      pulse.beat(timestamp);
    }
  }

  private @Nullable JsonNode metadata(boolean alsoHidden) {
    MemberSession last = null;
    for (MemberSession session : sessions) {
      if ((alsoHidden || !session.hidden()) && (last == null || session.set() > last.set())) {
        last = session;
      }
    }
    return last == null ? null : last.metadata();
  }

  int indexOf(String session) {
    for (int i = 0; i < sessions.size(); i++) {
      if (sessions.get(i).name().equals(session)) {
        return i;
      }
    }
    return -1;
  }

  /** The highest {@code set} of any session. */
  long lastSet() {
    return sessions.stream().mapToLong(MemberSession::set).max().orElse(0);
  }
}
