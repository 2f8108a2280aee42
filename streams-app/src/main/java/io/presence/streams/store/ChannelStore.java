package io.presence.streams.store;

import io.presence.streams.core.ChannelCore;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.core.MemberState;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The members of the channels of one partition, an entry each. It answers {@link ChannelQuery}: a
 * list of members costs one pass over what it lists, a count nothing.
 */
public final class ChannelStore extends IndexedStore {
  private final ChannelIndex index;

  private ChannelStore(ChannelIndex index, KeyValueStore<Bytes, byte[]> logged) {
    super(index, logged);
    this.index = index;
  }

  /** Builds stores of that name, one for each partition. */
  public static StoreBuilder<ChannelStore> builder(
      String name, ChannelRules rules, Map<String, String> changelog) {
    return new Builder<>(
        name, changelog, () -> new ChannelIndex(name, rules.ttl().toMillis()), ChannelStore::new);
  }

  /** What moves of a member; null if there is none. */
  public @Nullable LiveMember live(String channelId, String userId) {
    return index.live(channelId, userId);
  }

  /** The state of a member, decoded; null if there is none. */
  public @Nullable MemberState find(String channelId, String userId) {
    return index.find(channelId, userId);
  }

  /** How many members others see, and the latest version. */
  public ChannelCore.Channel channel(String channelId) {
    return index.channel(channelId);
  }

  /** Stores a member's state. */
  public void put(MemberState state) {
    logged().put(Keys.ofMember(state.channelId(), state.userId()), MemberCodec.encode(state));
    index.hold(state);
  }

  /** Removes a member. */
  public void remove(String channelId, String userId) {
    logged().delete(Keys.ofMember(channelId, userId));
  }

  /** Tells the version of a change by which a member left. */
  public void left(String channelId, long version) {
    index.left(channelId, version);
  }

  /** The highest version of any change by which a member left; 0 if none did. */
  public long goneVersion() {
    return index.goneVersion();
  }

  /**
   * Becomes the processor's store. Cost: one pass over all members.
   *
   * @param members takes their states; the clocks are still to be set
   */
  public void activate(Consumer<MemberState> members) {
    index.activate(members);
  }
}
