package io.presence.gateway.auth;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Who is calling, as the token says; a body says nothing about it.
 *
 * @param userId the user; null for a caller that is none
 * @param name what limits are counted by
 * @param service whether it writes for anyone, and reads as whom it names
 * @param admin whether it may explain and erase
 * @param channels which channels it may read, and be in
 * @param validUntil when its token is no longer accepted; null: never
 */
public record Identity(
    @Nullable String userId,
    String name,
    boolean service,
    boolean admin,
    ChannelRights channels,
    @Nullable Instant validUntil) {

  /** One that is valid for ever, in all channels. */
  public Identity(@Nullable String userId, String name, boolean service, boolean admin) {
    this(userId, name, service, admin, ChannelRights.ALL, null);
  }

  /** Whether it may write what is {@code user}'s, and read what only that user sees. */
  public boolean speaksFor(String user) {
    return service || user.equals(userId);
  }

  /**
   * @throws ForbiddenException unless it may know who is in the channel
   */
  public void checkReads(String channelId) throws ForbiddenException {
    if (!channels.mayRead(channelId)) {
      throw new ForbiddenException("you may not read this channel");
    }
  }

  /**
   * @throws ForbiddenException unless it may be in the channel
   */
  public void checkWrites(String channelId) throws ForbiddenException {
    if (!channels.mayWrite(channelId)) {
      throw new ForbiddenException("you may not be in this channel");
    }
  }

  /**
   * As whom it reads.
   *
   * @param requester whom it names; null: nobody
   * @return null for a stranger
   * @throws ForbiddenException if it may not read as the one that it names
   */
  public @Nullable String readsAs(@Nullable String requester) throws ForbiddenException {
    if (service) {
      return requester;
    }
    if (requester != null && !requester.equals(userId)) {
      throw new ForbiddenException("requester_id: only a service may name someone else");
    }
    return userId;
  }
}
