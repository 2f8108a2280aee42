package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.presence.gateway.lookup.MemberList;
import java.io.ByteArrayOutputStream;
import java.util.BitSet;

/**
 * The members of a channel for one subscriber, page by page: encoded when they are sent, so that
 * one who waits costs no more than who reads.
 */
final class MembersMessage {
  private static final int PAGE_MEMBERS = 500;
  private static final int PAGE_BYTES = 256 * 1024;

  private final String channelId;
  private final MemberList list;
  private final BitSet seen;
  private final int count;
  private int from;
  private boolean begun;

  /**
   * @param seen whose last seen is shown
   */
  MembersMessage(String channelId, MemberList list, BitSet seen, int count) {
    this.channelId = channelId;
    this.list = list;
    this.seen = seen;
    this.count = count;
  }

  /** Whether some of it was sent. */
  boolean begun() {
    return begun;
  }

  /** Whether all of it was sent. */
  boolean ended() {
    return begun && from >= list.size();
  }

  /** The next page. */
  Message next() {
    int to = list.pageFrom(from, PAGE_MEMBERS, PAGE_BYTES);
    ByteArrayOutputStream out = new ByteArrayOutputStream(256 + (to - from) * 128);
    write(out, "{\"type\":\"initial_channel\",\"channel_id\":\"");
    write(out, channelId);
    write(out, "\",\"members\":[");
    list.write(out, from, to, seen);
    write(out, "],\"count\":");
    write(out, Integer.toString(count));
    if (!begun) {
      write(out, ",\"first\":true");
    }
    write(out, to < list.size() ? ",\"more\":true}" : "}");
    from = to;
    begun = true;
    return new Message("initial_channel", out.toByteArray());
  }

  private static void write(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(UTF_8));
  }
}
