package io.presence.gateway.live;

import io.presence.gateway.lookup.MemberList;
import org.jspecify.annotations.Nullable;

/**
 * One subscriber's view of one channel: what it was told already. Guarded by the audience, but for
 * {@link #dropped}.
 */
final class ChannelWatch extends Crowd.Watching {
  final ChannelFanout fanout;
  final Subscriber subscriber;
  final String channelId;

  /** The one behind the subscriber, who may be a member; null if it is no user. */
  final @Nullable ChannelMember self;

  /** Whether a snapshot is to come, before which nothing is told. */
  boolean waiting;

  /** No longer followed; guarded by the lock of the subscriber. */
  boolean dropped;

  /** The place of the last change that it knows of, from a snapshot or told. */
  private long told;

  /** The snapshot, as long as changes may be read that are older than it. */
  private @Nullable MemberList ahead;

  ChannelWatch(
      ChannelFanout fanout, Subscriber subscriber, String channelId, @Nullable ChannelMember self) {
    this.fanout = fanout;
    this.subscriber = subscriber;
    this.channelId = channelId;
    this.self = self;
  }

  /**
   * It is given a snapshot, and then what changed up to {@code place}.
   *
   * @param version the newest that was read of the channel
   */
  void snapshot(MemberList list, long version, long place) {
    waiting = false;
    told = place;
    ahead = list.newest() > version ? list : null;
  }

  /** What it is to be told of a change, if anything. */
  @Nullable Message take(MemberChange change) {
    if (waiting || change.place <= told) {
      return null;
    }
    told = change.place;
    MemberList list = ahead(change.version());
    if (list == null) {
      return change.message();
    }
    return knows(list, change) ? null : change.message(change.event(), list.count());
  }

  /** What it is to be told of one member in a window, if anything. */
  @Nullable Message take(ChangeWindow window, ChangeWindow.Passage passage) {
    MemberChange first = passage.first();
    MemberChange last = passage.last();
    if (waiting || last.place <= told) {
      return null;
    }
    MemberList list = ahead;
    boolean news = first.place > told && !knows(list, first);
    if (knows(list, last) || (passage.cameAndWent() && news)) {
      return null;
    }
    return list != null && list.newest() >= window.version()
        ? passage.message(list.count())
        : passage.message();
  }

  /** It was told all of a window, the last up to {@code place}. */
  void took(ChangeWindow window, long place) {
    told = Math.max(told, place);
    var unused = ahead(window.version());
  }

  /** The snapshot, if it is newer than {@code version}: it is of no use once one comes that is. */
  private @Nullable MemberList ahead(long version) {
    if (ahead != null && version > ahead.newest()) {
      ahead = null;
    }
    return ahead;
  }

  private static boolean knows(@Nullable MemberList list, MemberChange change) {
    return list != null && change.version() <= list.versionOf(change.userId());
  }
}
