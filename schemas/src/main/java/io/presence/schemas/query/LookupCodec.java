package io.presence.schemas.query;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.Visibility;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lookups as bytes, for the way between a gateway and a streams-app. Presences travel as the JSON
 * that they are stored as: neither side parses them.
 *
 * <p>All numbers are big-endian; an id is one byte of length and so many bytes of ASCII.
 *
 * <pre>
 * request: version(1)=1 flags(1: 1 standby, 2 requester, 3 contacts) requester? count(4) id…
 * answer:  version(1)=1 count(4) entry… ownership?
 * entry:   flags(1: 1-2 outcome, 3-4 visibility, 5 contact, 6 stale) version(8)
 *          if shown: length(4) json
 * ownership: JSON, up to the end
 * </pre>
 *
 * Every length is checked against a bound and against what is there before anything is allocated.
 */
public final class LookupCodec {
  /** The media type of both. */
  public static final String CONTENT_TYPE = "application/vnd.presence.lookup";

  /** The most ids of one request. */
  public static final int MAX_IDS = 10_000;

  /** The most bytes of a request. */
  public static final int MAX_REQUEST_BYTES = 8 + (MAX_IDS + 1) * (1 + Fields.MAX_ID);

  /** The most bytes of one presence: far beyond what a user's devices can add up to. */
  private static final int MAX_PRESENCE_BYTES = 1024 * 1024;

  private static final byte[] NOTHING = {};

  /** Takes nothing behind it. */
  private static final ObjectReader OWNERSHIP =
      Json.MAPPER.readerFor(Ownership.class).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final byte FORMAT = 1;
  private static final int STANDBY = 1;
  private static final int REQUESTER = 2;
  private static final int CONTACTS = 4;
  private static final int CONTACT = 1 << 4;
  private static final int STALE = 1 << 5;
  private static final int SMALLEST_ENTRY = 1 + Long.BYTES;
  private static final Lookup.Outcome[] OUTCOMES = {
    Lookup.Outcome.SHOWN, Lookup.Outcome.NOT_SHOWN, Lookup.Outcome.NOT_HERE
  };
  private static final Visibility[] VISIBILITIES = {
    Visibility.EVERYONE, Visibility.CONTACTS, Visibility.NOBODY
  };

  private LookupCodec() {}

  /**
   * Writes a request.
   *
   * @throws IllegalArgumentException if it has more than {@link #MAX_IDS} ids, or one that is none
   */
  public static byte[] write(Lookup.Request request) {
    List<String> ids = request.userIds();
    if (ids.size() > MAX_IDS) {
      throw new IllegalArgumentException("at most " + MAX_IDS + " ids, got " + ids.size());
    }
    String requester = request.requester();
    int size = 1 + 1 + (requester == null ? 0 : 1 + requester.length()) + Integer.BYTES;
    for (String id : ids) {
      size += 1 + id.length();
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    out.put(FORMAT);
    int flags = request.standby() ? STANDBY : 0;
    flags |= requester == null ? 0 : REQUESTER;
    flags |= request.contacts() ? CONTACTS : 0;
    out.put((byte) flags);
    if (requester != null) {
      putId(out, requester);
    }
    out.putInt(ids.size());
    for (String id : ids) {
      putId(out, id);
    }
    return out.array();
  }

  /**
   * Reads a request.
   *
   * @throws LookupFormatException if it is anything else
   */
  public static Lookup.Request readRequest(byte[] bytes) throws LookupFormatException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      format(in);
      int flags = in.get();
      if ((flags & ~(STANDBY | REQUESTER | CONTACTS)) != 0) {
        throw new LookupFormatException("unknown flags " + flags);
      }
      String requester = (flags & REQUESTER) == 0 ? null : getId(in);
      int count = count(in, 2);
      List<String> ids = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        ids.add(getId(in));
      }
      end(in);
      return new Lookup.Request(requester, ids, (flags & STANDBY) != 0, (flags & CONTACTS) != 0);
    } catch (BufferUnderflowException e) {
      throw new LookupFormatException("cut off after " + bytes.length + " bytes");
    }
  }

  /** Writes an answer. */
  public static byte[] write(Lookup.Answer answer) {
    byte[] ownership = ownership(answer);
    int size = 1 + Integer.BYTES + ownership.length;
    for (Lookup.Entry entry : answer.entries()) {
      size = Math.addExact(size, SMALLEST_ENTRY);
      byte[] presence = shown(entry);
      if (presence != null) {
        size = Math.addExact(size, Integer.BYTES + presence.length);
      }
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    out.put(FORMAT);
    out.putInt(answer.entries().size());
    for (Lookup.Entry entry : answer.entries()) {
      int flags = code(entry.outcome()) | code(entry.visibility()) << 2;
      flags |= entry.contact() ? CONTACT : 0;
      flags |= entry.stale() ? STALE : 0;
      out.put((byte) flags);
      out.putLong(entry.version());
      byte[] presence = shown(entry);
      if (presence != null) {
        out.putInt(presence.length);
        out.put(presence);
      }
    }
    out.put(ownership);
    return out.array();
  }

  private static byte[] ownership(Lookup.Answer answer) {
    try {
      return answer.ownership() == null
          ? NOTHING
          : Json.MAPPER.writeValueAsBytes(answer.ownership());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /**
   * Reads an answer.
   *
   * @throws LookupFormatException if it is anything else
   */
  public static Lookup.Answer readAnswer(byte[] bytes) throws LookupFormatException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      format(in);
      int count = count(in, SMALLEST_ENTRY);
      List<Lookup.Entry> entries = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        entries.add(readEntry(in));
      }
      return new Lookup.Answer(entries, readOwnership(in));
    } catch (BufferUnderflowException e) {
      throw new LookupFormatException("cut off after " + bytes.length + " bytes");
    }
  }

  private static @Nullable Ownership readOwnership(ByteBuffer in) throws LookupFormatException {
    if (!in.hasRemaining()) {
      return null;
    }
    byte[] json = new byte[in.remaining()];
    in.get(json);
    try {
      return OWNERSHIP.readValue(json);
    } catch (IOException e) {
      throw new LookupFormatException(json.length + " bytes that are no ownership");
    }
  }

  private static Lookup.Entry readEntry(ByteBuffer in) throws LookupFormatException {
    int flags = in.get();
    int outcome = flags & 3;
    int visibility = flags >> 2 & 3;
    if (outcome >= OUTCOMES.length || visibility >= VISIBILITIES.length || flags >> 6 != 0) {
      throw new LookupFormatException("unknown flags " + flags);
    }
    long version = in.getLong();
    byte[] presence = null;
    if (OUTCOMES[outcome] == Lookup.Outcome.SHOWN) {
      int length = in.getInt();
      if (length < 0 || length > MAX_PRESENCE_BYTES || length > in.remaining()) {
        throw new LookupFormatException("a presence of " + length + " bytes");
      }
      presence = new byte[length];
      in.get(presence);
    }
    return new Lookup.Entry(
        OUTCOMES[outcome],
        presence,
        version,
        VISIBILITIES[visibility],
        (flags & CONTACT) != 0,
        (flags & STALE) != 0);
  }

  private static byte @Nullable [] shown(Lookup.Entry entry) {
    if (entry.outcome() != Lookup.Outcome.SHOWN) {
      return null;
    }
    byte[] presence = entry.presence();
    if (presence == null) {
      throw new IllegalArgumentException("a shown entry without a presence");
    }
    return presence;
  }

  private static int code(Lookup.Outcome outcome) {
    return switch (outcome) {
      case SHOWN -> 0;
      case NOT_SHOWN -> 1;
      case NOT_HERE -> 2;
    };
  }

  private static int code(Visibility visibility) {
    return switch (visibility) {
      case EVERYONE -> 0;
      case CONTACTS -> 1;
      case NOBODY -> 2;
    };
  }

  private static void format(ByteBuffer in) throws LookupFormatException {
    byte format = in.get();
    if (format != FORMAT) {
      throw new LookupFormatException("format " + format + ", but this is format " + FORMAT);
    }
  }

  private static int count(ByteBuffer in, int smallest) throws LookupFormatException {
    int count = in.getInt();
    if (count < 0 || count > MAX_IDS || count > in.remaining() / smallest) {
      throw new LookupFormatException("a count of " + count);
    }
    return count;
  }

  private static void end(ByteBuffer in) throws LookupFormatException {
    if (in.hasRemaining()) {
      throw new LookupFormatException(in.remaining() + " bytes too many");
    }
  }

  private static void putId(ByteBuffer out, String id) {
    if (!Fields.isId(id)) {
      throw new IllegalArgumentException("not an id");
    }
    out.put((byte) id.length());
    out.put(id.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String getId(ByteBuffer in) throws LookupFormatException {
    byte[] ascii = new byte[in.get() & 0xff];
    in.get(ascii);
    String id = new String(ascii, StandardCharsets.ISO_8859_1);
    if (!Fields.isId(id)) {
      throw new LookupFormatException("something that is no id");
    }
    return id;
  }
}
