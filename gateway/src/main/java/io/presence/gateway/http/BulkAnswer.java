package io.presence.gateway.http;

import io.presence.schemas.query.Lookup;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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

  private BulkAnswer() {}

  /** Joins the entries of {@code ids}, one each, in their order. */
  static byte[] join(List<String> ids, Lookup.Answer answer) {
    boolean stale = false;
    int size = PRESENCES.length + UNAVAILABLE.length + STALE_END.length;
    List<String> unavailable = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      Lookup.Entry entry = answer.entries().get(i);
      stale |= entry.stale();
      byte[] presence = entry.presence();
      if (presence != null) {
        size += ids.get(i).length() + presence.length + 4;
      } else if (entry.outcome() == Lookup.Outcome.NOT_HERE) {
        unavailable.add(ids.get(i));
        size += ids.get(i).length() + 3;
      }
    }
    ByteBuffer out = ByteBuffer.allocate(size).put(PRESENCES);
    boolean first = true;
    for (int i = 0; i < ids.size(); i++) {
      byte[] presence = answer.entries().get(i).presence();
      if (presence != null) {
        put(out, ids.get(i), first).put((byte) ':').put(presence);
        first = false;
      }
    }
    out.put(UNAVAILABLE);
    first = true;
    for (String id : unavailable) {
      put(out, id, first);
      first = false;
    }
    out.put(stale ? STALE_END : END);
    byte[] body = new byte[out.position()];
    out.flip().get(body);
    return body;
  }

  private static ByteBuffer put(ByteBuffer out, String id, boolean first) {
    if (!first) {
      out.put((byte) ',');
    }
    return out.put((byte) '"').put(ascii(id)).put((byte) '"');
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
