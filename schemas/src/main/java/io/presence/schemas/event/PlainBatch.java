package io.presence.schemas.event;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.json.Fields;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A batch of heartbeats read in place: it only notes where among the bytes each part of each entry
 * is, so that whoever knows a session finds it without a string being made.
 *
 * <p>It takes batches as {@link PresenceEventCodec#write} writes them, with or without blanks
 * between the tokens. Whatever else a batch may look like, broken ones included, it leaves to
 * {@link PresenceEventCodec#read}; what it takes, that reads alike.
 *
 * <p>Made to be used again and again, by one thread. Cost: one pass over the bytes; nothing is
 * allocated once it has grown to the longest batch.
 */
public final class PlainBatch {
  private static final byte[] TYPE = "\"type\"".getBytes(US_ASCII);
  private static final byte[] HEARTBEATS = "\"heartbeats\"".getBytes(US_ASCII);
  private static final byte[] ENTRIES = "\"entries\"".getBytes(US_ASCII);
  private static final byte[] NULL = "null".getBytes(US_ASCII);
  private static final byte[] TRUE = "true".getBytes(US_ASCII);
  private static final byte[] FALSE = "false".getBytes(US_ASCII);
  private static final String DEVICE_SESSION = Fields.DEVICE_SESSION;
  private static final byte[] DEVICE_SESSION_BYTES = DEVICE_SESSION.getBytes(US_ASCII);

  /** What each byte may be in: an id and the label of a device, the label only, or neither. */
  private static final byte[] KINDS = kinds();

  private static final byte ID = 1;
  private static final byte LABEL = 2;
  private static final byte NEITHER = 3;

  /** Where each entry's user, session and device begin and end; nothing between the two: null. */
  private static final int INTS = 6;

  private int[] places = new int[INTS * 64];
  private @Nullable Boolean[] active = new Boolean[64];
  private byte[] bytes = {};
  private int size;

  /** Where the next token begins. */
  private int at;

  /**
   * Reads a value of {@code presence-events}, and keeps it until the next.
   *
   * @return false if it is anything but a plain batch; then this has no entries
   */
  public boolean read(byte[] value) {
    bytes = value;
    size = 0;
    at = 0;
    boolean plain =
        token('{')
            && word(TYPE)
            && token(':')
            && word(HEARTBEATS)
            && token(',')
            && word(ENTRIES)
            && token(':')
            && token('[')
            && readEntries()
            && token('}')
            && at == value.length;
    if (!plain) {
      size = 0;
    }
    return plain;
  }

  /** How many entries there are. */
  public int size() {
    return size;
  }

  /** The value that was read, in which the entries are. */
  public byte[] bytes() {
    return bytes;
  }

  /** Where the {@code user_id} of an entry begins. */
  public int userStart(int entry) {
    return places[INTS * entry];
  }

  /** Where the {@code user_id} of an entry ends. */
  public int userEnd(int entry) {
    return places[INTS * entry + 1];
  }

  /** Whether an entry names the session of that name. */
  public boolean namesSession(int entry, String name) {
    int place = INTS * entry + 2;
    if (places[place] < places[place + 1]) {
      return isText(name, 0, places[place], places[place + 1]);
    }
    if (!name.startsWith(DEVICE_SESSION)) {
      return false;
    }
    int from = DEVICE_SESSION.length();
    return places[place + 2] < places[place + 3]
        ? isText(name, from, places[place + 2], places[place + 3])
        : name.startsWith(PresenceEvent.DEFAULT_DEVICE, from)
            && name.length() == from + PresenceEvent.DEFAULT_DEVICE.length();
  }

  /** Whether there was a sign of activity; null if the entry does not say. */
  public @Nullable Boolean active(int entry) {
    return active[entry];
  }

  /** An entry as an event. */
  public Heartbeat heartbeat(int entry) {
    int place = INTS * entry;
    String userId = text(place);
    if (userId == null) {
      throw new IllegalStateException("an entry without a user");
    }
    return new Heartbeat(userId, text(place + 2), text(place + 4), active[entry]);
  }

  private boolean readEntries() {
    if (token(']')) {
      return true;
    }
    do {
      if (!readEntry()) {
        return false;
      }
    } while (token(','));
    return token(']');
  }

  private boolean readEntry() {
    if (size == active.length) {
      active = Arrays.copyOf(active, 2 * size);
      places = Arrays.copyOf(places, INTS * 2 * size);
    }
    int place = INTS * size;
    if (!token('[') || !readText(place, ID, Fields.MAX_ID) || !token(',')) {
      return false;
    }
    if (!word(NULL, place + 2)
        && (!readText(place + 2, ID, Fields.MAX_ID) || isDeviceSession(place + 2))) {
      return false;
    }
    if (!token(',') || (!word(NULL, place + 4) && !readText(place + 4, LABEL, Fields.MAX_DEVICE))) {
      return false;
    }
    Boolean said = null;
    if (token(',')) {
      if (word(TRUE)) {
        said = Boolean.TRUE;
      } else if (word(FALSE)) {
        said = Boolean.FALSE;
      } else if (!word(NULL)) {
        return false;
      }
    }
    active[size++] = said;
    return token(']');
  }

  /** Takes a string of 1 to {@code max} bytes that mean themselves, of that kind or a stricter. */
  private boolean readText(int place, byte kind, int max) {
    byte[] value = bytes;
    if (!token('"')) {
      return false;
    }
    int start = at;
    int end = start;
    while (end < value.length && KINDS[value[end] & 0xFF] <= kind) {
      end++;
    }
    if (end == start || end - start > max || end == value.length || value[end] != '"') {
      return false;
    }
    places[place] = start;
    places[place + 1] = end;
    at = end + 1;
    return true;
  }

  private boolean isDeviceSession(int place) {
    int start = places[place];
    int end = start + DEVICE_SESSION_BYTES.length;
    return end <= places[place + 1]
        && Arrays.equals(bytes, start, end, DEVICE_SESSION_BYTES, 0, DEVICE_SESSION_BYTES.length);
  }

  /** Takes a word for nothing in that place. */
  private boolean word(byte[] word, int place) {
    places[place] = 0;
    places[place + 1] = 0;
    return word(word);
  }

  private boolean word(byte[] word) {
    skipBlanks();
    int end = at + word.length;
    if (end > bytes.length || !Arrays.equals(bytes, at, end, word, 0, word.length)) {
      return false;
    }
    at = end;
    return true;
  }

  private boolean token(char token) {
    skipBlanks();
    if (at < bytes.length && bytes[at] == token) {
      at++;
      return true;
    }
    return false;
  }

  private void skipBlanks() {
    while (at < bytes.length && bytes[at] == ' ') {
      at++;
    }
  }

  private boolean isText(String text, int from, int start, int end) {
    if (text.length() - from != end - start) {
      return false;
    }
    byte[] value = bytes;
    for (int i = start, j = from; i < end; i++, j++) {
      if (value[i] != text.charAt(j)) {
        return false;
      }
    }
    return true;
  }

  private @Nullable String text(int place) {
    int start = places[place];
    int end = places[place + 1];
    return start == end ? null : new String(bytes, start, end - start, US_ASCII);
  }

  private static byte[] kinds() {
    byte[] kinds = new byte[256];
    Arrays.fill(kinds, NEITHER);
    for (char c = ' '; c <= '~'; c++) {
      if (c != '"' && c != '\\') {
        kinds[c] = Fields.isId(String.valueOf(c)) ? ID : LABEL;
      }
    }
    return kinds;
  }
}
