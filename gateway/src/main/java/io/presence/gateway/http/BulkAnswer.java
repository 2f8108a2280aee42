package io.presence.gateway.http;

import io.presence.schemas.query.Lookup;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The answer to a lookup of many, joined from the bytes of the presences as they came: none is
 * parsed. One pass to count, one to copy. An id needs no escaping, nor more than a byte a
 * character.
 */
final class BulkAnswer {
  private static final byte[] PRESENCES = ascii("{\"presences\":{");
  private static final byte[] UNAVAILABLE = ascii("},\"unavailable\":[");
  private static final byte[] END = ascii("]}");
  private static final byte[] STALE_END = ascii("],\"stale\":true}");

  private static final int QUOTES = 2;

  private BulkAnswer() {}

  /** Joins the entries of {@code ids}, one each, in their order. */
  static byte[] join(List<String> ids, Lookup.Answer answer) {
    List<Lookup.Entry> entries = answer.entries();
    boolean stale = false;
    int shown = 0;
    int unavailable = 0;
    int size = PRESENCES.length + UNAVAILABLE.length;
    for (int i = 0; i < ids.size(); i++) {
      Lookup.Entry entry = entries.get(i);
      stale |= entry.stale();
      byte[] presence = entry.presence();
      if (presence != null) {
        shown++;
        size += ids.get(i).length() + QUOTES + 1 + presence.length;
      } else if (entry.outcome() == Lookup.Outcome.NOT_HERE) {
        unavailable++;
        size += ids.get(i).length() + QUOTES;
      }
    }
    byte[] end = stale ? STALE_END : END;
    byte[] out = new byte[size + commas(shown) + commas(unavailable) + end.length];
    int at = put(out, 0, PRESENCES);
    boolean first = true;
    for (int i = 0; i < ids.size(); i++) {
      byte[] presence = entries.get(i).presence();
      if (presence != null) {
        at = putId(out, at, ids.get(i), first);
        out[at++] = ':';
        at = put(out, at, presence);
        first = false;
      }
    }
    at = put(out, at, UNAVAILABLE);
    first = true;
    for (int i = 0; unavailable > 0 && i < ids.size(); i++) {
      Lookup.Entry entry = entries.get(i);
      if (entry.presence() == null && entry.outcome() == Lookup.Outcome.NOT_HERE) {
        at = putId(out, at, ids.get(i), first);
        first = false;
      }
    }
    put(out, at, end);
    return out;
  }

  private static int commas(int elements) {
    return Math.max(0, elements - 1);
  }

  private static int put(byte[] out, int at, byte[] bytes) {
    System.arraycopy(bytes, 0, out, at, bytes.length);
    return at + bytes.length;
  }

  private static int putId(byte[] out, int at, String id, boolean first) {
    int next = at;
    if (!first) {
      out[next++] = ',';
    }
    out[next++] = '"';
    for (int i = 0; i < id.length(); i++) {
      out[next++] = (byte) id.charAt(i);
    }
    out[next++] = '"';
    return next;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
