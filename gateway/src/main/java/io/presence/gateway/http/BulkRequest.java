package io.presence.gateway.http;

import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of a lookup of many. One that is as clients write them is read in one pass over its
 * bytes. Whatever has anything else in it, be it right or wrong, goes the way of all bodies: that
 * pass judges nothing.
 *
 * @param ids without repetition, in their order
 * @param requester as whom one wants to read; null if it is not said
 */
record BulkRequest(List<String> ids, @Nullable String requester) {
  /** The most ids of one lookup. */
  static final int MAX_IDS = 1_000;

  private static final byte[] IDS = "user_ids".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] REQUESTER = "requester_id".getBytes(StandardCharsets.US_ASCII);

  /**
   * Reads a body.
   *
   * @throws InvalidJsonException if it is no JSON object, or has a field that is wrong
   */
  static BulkRequest read(byte[] body) throws InvalidJsonException {
    BulkRequest plain = new Scan(body).read();
    if (plain != null) {
      return plain;
    }
    Fields fields = new Fields(Json.readObject(body));
    return new BulkRequest(
        List.copyOf(fields.ids("user_ids", 1, MAX_IDS)), fields.optionalId("requester_id"));
  }

  /** One pass over an object that has nothing but those two fields, each once, and ids in them. */
  private static final class Scan {
    private static final boolean[] IN_IDS = new boolean[256];

    static {
      for (char c = 0; c < 128; c++) {
        IN_IDS[c] = Fields.isId(String.valueOf(c));
      }
    }

    /** So many tries to find out whether an id came before: more are made on purpose. */
    private static final int MAX_PROBES = 32;

    private static final int MIN_BYTES_OF_ID = 4;

    private final byte[] body;
    private int at;

    Scan(byte[] body) {
      this.body = body;
    }

    /** Returns null if there is anything else. */
    @Nullable BulkRequest read() {
      List<String> ids = null;
      String requester = null;
      if (!isNext('{')) {
        return null;
      }
      do {
        if (ids == null && isName(IDS)) {
          ids = ids();
          if (ids == null) {
            return null;
          }
        } else if (requester == null && isName(REQUESTER)) {
          requester = isNext('"') ? id() : null;
          if (requester == null) {
            return null;
          }
        } else {
          return null;
        }
      } while (isNext(','));
      return isNext('}') && isEnd() && ids != null ? new BulkRequest(ids, requester) : null;
    }

    private @Nullable List<String> ids() {
      if (!isNext('[')) {
        return null;
      }
      int most = Math.min(MAX_IDS, body.length / MIN_BYTES_OF_ID + 1);
      int[] places = new int[Integer.highestOneBit(most) * 4];
      String[] ids = new String[most];
      int count = 0;
      int distinct = 0;
      do {
        if (count++ == MAX_IDS || !isNext('"')) {
          return null;
        }
        String id = id();
        if (id == null) {
          return null;
        }
        int hash = id.hashCode();
        int place = hash ^ hash >>> 16;
        int probes = 0;
        while (true) {
          place &= places.length - 1;
          if (places[place] == 0) {
            ids[distinct] = id;
            places[place] = ++distinct;
            break;
          }
          if (ids[places[place] - 1].equals(id)) {
            break;
          }
          if (++probes == MAX_PROBES) {
            return null;
          }
          place++;
        }
      } while (isNext(','));
      return isNext(']')
          ? Arrays.asList(distinct == most ? ids : Arrays.copyOf(ids, distinct))
          : null;
    }

    /** The rest of a string that is an id; null if it is none. */
    private @Nullable String id() {
      int start = at;
      int end = start;
      while (end < body.length && IN_IDS[body[end] & 0xff]) {
        end++;
      }
      int length = end - start;
      if (length == 0 || length > Fields.MAX_ID || end == body.length || body[end] != '"') {
        return null;
      }
      at = end + 1;
      return new String(body, start, length, StandardCharsets.ISO_8859_1);
    }

    /** Whether a field of that name is next; goes past its colon. */
    private boolean isName(byte[] name) {
      int start = at;
      if (isNext('"')
          && at + name.length < body.length
          && body[at + name.length] == '"'
          && Arrays.equals(body, at, at + name.length, name, 0, name.length)) {
        at += name.length + 1;
        if (isNext(':')) {
          return true;
        }
      }
      at = start;
      return false;
    }

    /** Goes past white space, and past {@code c} if it is next. */
    private boolean isNext(char c) {
      if (isEnd() || body[at] != c) {
        return false;
      }
      at++;
      return true;
    }

    /** Goes past white space. */
    private boolean isEnd() {
      while (at < body.length
          && (body[at] == ' ' || body[at] == '\n' || body[at] == '\r' || body[at] == '\t')) {
        at++;
      }
      return at == body.length;
    }
  }
}
