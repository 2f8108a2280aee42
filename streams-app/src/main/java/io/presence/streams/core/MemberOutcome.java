package io.presence.streams.core;

import io.presence.schemas.channel.ChannelChange;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of an event or a deadline in a channel.
 *
 * @param after the state from now on, with no sessions if the member is gone
 * @param unchanged whether nothing has to be stored or sent
 * @param change what others see change; null if nothing
 * @param over the clocks of all sessions that are over
 * @param refused why the event was not taken; null if it was
 */
public record MemberOutcome(
    MemberState after,
    boolean unchanged,
    @Nullable ChannelChange change,
    List<SessionClock> over,
    @Nullable String refused) {

  static MemberOutcome unchanged(MemberState state) {
    return new MemberOutcome(state, true, null, List.of(), null);
  }

  static MemberOutcome refused(MemberState state, String why) {
    return new MemberOutcome(state, true, null, List.of(), why);
  }
}
