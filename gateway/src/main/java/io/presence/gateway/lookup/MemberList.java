package io.presence.gateway.lookup;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.EpochSeconds;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The members of a channel as its owner answered, page by page: their JSON as it came, and where in
 * it they stand. Once it is complete it does not change, and all who wait for it share it.
 */
public final class MemberList {
  /** What a page of the owner's covers: the members up to one, at a version. */
  private record Page(@Nullable String upTo, long version) {}

  /** One member, in the bytes of its page. */
  private record Entry(
      String userId, long joinedAt, byte[] json, int start, int end, int seenStart, int seenEnd) {}

  private final List<Entry> entries = new ArrayList<>();
  private final List<Page> pages = new ArrayList<>();
  private long newest;
  private int count;
  private boolean stale;
  private @Nullable String next;

  /**
   * Adds a page.
   *
   * @param json {@code members}, {@code count}, {@code version}, {@code next?}
   * @param stale whether a standby answered
   * @throws IOException if it is no such page
   */
  public void add(byte[] json, boolean stale) throws IOException {
    next = null;
    long version = 0;
    int members = -1;
    try (JsonParser in = Json.MAPPER.createParser(json)) {
      expect(in.nextToken() == JsonToken.START_OBJECT);
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        JsonToken token = in.nextToken();
        switch (field) {
          case "members" -> readMembers(in, json);
          case "count" -> members = in.getIntValue();
          case "version" -> version = in.getLongValue();
          case "next" -> next = token == JsonToken.VALUE_NULL ? null : in.getText();
          default -> in.skipChildren();
        }
      }
    } catch (NumberFormatException e) {
      throw new IOException(e);
    }
    expect(members >= 0);
    this.stale |= stale;
    pages.add(new Page(next, version));
    if (version >= newest) {
      newest = version;
      count = members;
    }
  }

  /** Where the next page begins; null if there is none. */
  public @Nullable String next() {
    return next;
  }

  /** Whether a standby answered. */
  public boolean stale() {
    return stale;
  }

  /** How many members are on the pages. */
  public int size() {
    return entries.size();
  }

  /** The user of one of them. */
  public String userId(int index) {
    return entries.get(index).userId;
  }

  /** Since when one of them is a member, in milliseconds. */
  public long joinedAt(int index) {
    return entries.get(index).joinedAt;
  }

  /** Where a user is among them; negative if nowhere. */
  public int indexOf(String userId) {
    int low = 0;
    int high = entries.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int compared = entries.get(middle).userId.compareTo(userId);
      if (compared == 0) {
        return middle;
      }
      if (compared < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }

  /** How many members the channel has, at {@link #newest}. */
  public int count() {
    return count;
  }

  /** The version of the newest page. */
  public long newest() {
    return newest;
  }

  /** The version of the oldest page; 0 is that of a channel that is not known. */
  public long oldest() {
    return Collections.min(pages, (a, b) -> Long.compare(a.version, b.version)).version;
  }

  /** The version of the page on which a user is, or would be. */
  public long versionOf(String userId) {
    for (Page page : pages) {
      if (page.upTo == null || userId.compareTo(page.upTo) <= 0) {
        return page.version;
      }
    }
    return 0;
  }

  /**
   * Writes members, with commas between.
   *
   * @param seen those whose last seen is shown; it is null for the others
   */
  public void write(ByteArrayOutputStream out, int from, int to, BitSet seen) {
    for (int i = from; i < to; i++) {
      if (i > from) {
        out.write(',');
      }
      Entry entry = entries.get(i);
      if (seen.get(i) || entry.seenStart == 0) {
        out.write(entry.json, entry.start, entry.end - entry.start);
      } else {
        out.write(entry.json, entry.start, entry.seenStart - entry.start);
        out.writeBytes("null".getBytes(UTF_8));
        out.write(entry.json, entry.seenEnd, entry.end - entry.seenEnd);
      }
    }
  }

  /** How many members from one on are on a page of so many members, and about so many bytes. */
  public int pageFrom(int from, int members, int bytes) {
    int size = 0;
    int to = from;
    while (to < entries.size() && to - from < members && (size < bytes || to == from)) {
      Entry entry = entries.get(to++);
      size += entry.end - entry.start;
    }
    return to;
  }

  private void readMembers(JsonParser in, byte[] json) throws IOException {
    expect(in.currentToken() == JsonToken.START_ARRAY);
    while (in.nextToken() == JsonToken.START_OBJECT) {
      entries.add(readMember(in, json));
    }
  }

  private static Entry readMember(JsonParser in, byte[] json) throws IOException {
    int start = (int) in.currentTokenLocation().getByteOffset();
    String userId = "";
    long joinedAt = 0;
    int seenStart = 0;
    int seenEnd = 0;
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      in.nextToken();
      switch (field) {
        case "user_id" -> userId = in.getText();
        case "joined_at" -> joinedAt = EpochSeconds.parse(in.getText());
        case "last_seen" -> {
          seenStart = (int) in.currentTokenLocation().getByteOffset();
          seenEnd = seenStart + in.getTextLength();
        }
        default -> in.skipChildren();
      }
    }
    expect(!userId.isEmpty());
    return new Entry(
        userId,
        joinedAt,
        json,
        start,
        (int) in.currentLocation().getByteOffset(),
        seenStart,
        seenEnd);
  }

  private static void expect(boolean so) throws IOException {
    if (!so) {
      throw new IOException("not a list of members");
    }
  }
}
