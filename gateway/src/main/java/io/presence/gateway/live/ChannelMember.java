package io.presence.gateway.live;

/** The one behind a subscriber, as a member of a channel that it follows. */
public interface ChannelMember {
  /** The member's user. */
  String userId();

  /** The session in which it is a member. */
  String sessionId();

  /**
   * Others see the user gone, though nobody said goodbye: the session may have been thought dead.
   * It does not wait.
   */
  void lost(String channelId);
}
