package io.presence.gateway.auth;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which channels a caller may read, and in which it may be: patterns in which {@code *} stands for
 * any run of characters. Who may write may read.
 */
public record ChannelRights(List<String> read, List<String> write) {
  /** No channel. */
  public static final ChannelRights NONE = new ChannelRights(List.of(), List.of());

  /** All channels. */
  public static final ChannelRights ALL = new ChannelRights(List.of(), List.of("*"));

  /** More in one list are not taken: then it gives no right. */
  private static final int MAX_PATTERNS = 100;

  private static final int MAX_PATTERN = 256;

  public ChannelRights {
    read = List.copyOf(read);
    write = List.copyOf(write);
  }

  /**
   * The rights that a claim {@code {"read": [pattern…], "write": [pattern…]}} gives. What is not of
   * this shape gives none.
   */
  static ChannelRights of(@Nullable Object claim) {
    return claim instanceof Map<?, ?> lists
        ? new ChannelRights(patterns(lists.get("read")), patterns(lists.get("write")))
        : NONE;
  }

  /** Whether the members of a channel may be read. */
  public boolean mayRead(String channelId) {
    return mayWrite(channelId) || matchesAny(read, channelId);
  }

  /** Whether it may be joined. */
  public boolean mayWrite(String channelId) {
    return matchesAny(write, channelId);
  }

  private static List<String> patterns(@Nullable Object claimed) {
    if (!(claimed instanceof List<?> list) || list.size() > MAX_PATTERNS) {
      return List.of();
    }
    List<String> patterns = new ArrayList<>();
    for (Object pattern : list) {
      if (!(pattern instanceof String text) || text.length() > MAX_PATTERN) {
        return List.of();
      }
      patterns.add(text);
    }
    return patterns;
  }

  private static boolean matchesAny(List<String> patterns, String channelId) {
    for (String pattern : patterns) {
      if (matches(pattern, channelId)) {
        return true;
      }
    }
    return false;
  }

  /** Goes back to the last {@code *} only: that is enough, and bounds the time. */
  private static boolean matches(String pattern, String text) {
    int p = 0;
    int t = 0;
    int star = -1;
    int resume = 0;
    while (t < text.length()) {
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = p++;
        resume = t;
      } else if (p < pattern.length() && pattern.charAt(p) == text.charAt(t)) {
        p++;
        t++;
      } else if (star >= 0) {
        p = star + 1;
        t = ++resume;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }
}
