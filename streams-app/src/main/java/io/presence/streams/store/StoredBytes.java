package io.presence.streams.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that fields are put into or taken out of, one after the other. A text or a time that the
 * other side knows already takes one byte.
 */
final class StoredBytes {
  private static final byte ABSENT = 0;
  private static final byte KNOWN = 1;
  private static final byte GIVEN = 2;

  private ByteBuffer bytes;

  /** Empty, to be put into. */
  StoredBytes(int size) {
    this.bytes = ByteBuffer.allocate(size);
  }

  /** To be taken out of, from {@code offset} on. */
  StoredBytes(byte[] stored, int offset) {
    this.bytes = ByteBuffer.wrap(stored, offset, stored.length - offset);
  }

  void putByte(int value) {
    room(1).put((byte) value);
  }

  void putInt(int value) {
    room(Integer.BYTES).putInt(value);
  }

  void putLong(long value) {
    room(Long.BYTES).putLong(value);
  }

  void putBytes(byte[] value) {
    room(value.length).put(value);
  }

  /** A number that is rather small: a byte for each seven bits. */
  void putNumber(long number) {
    long rest = number;
    while ((rest & ~0x7F) != 0) {
      putByte(((int) rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    putByte((int) rest);
  }

  /** A text that the reader may know. */
  void putText(@Nullable String text, @Nullable String known) {
    if (text == null) {
      putByte(ABSENT);
    } else if (text.equals(known)) {
      putByte(KNOWN);
    } else {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      putByte(GIVEN);
      putNumber(utf8.length);
      putBytes(utf8);
    }
  }

  /** A time that the reader may know. */
  void putTime(long time, long known) {
    if (time == known) {
      putByte(KNOWN);
    } else {
      putByte(GIVEN);
      putLong(time);
    }
  }

  int getByte() {
    return bytes.get();
  }

  int getCount() {
    return Math.toIntExact(getNumber());
  }

  long getNumber() {
    long number = 0;
    for (int shift = 0; ; shift += 7) {
      int part = bytes.get();
      number |= (part & 0x7FL) << shift;
      if (part >= 0) {
        return number;
      }
    }
  }

  @Nullable String getText(@Nullable String known) {
    byte kind = bytes.get();
    return switch (kind) {
      case ABSENT -> null;
      case KNOWN -> known;
      default -> {
        byte[] utf8 = new byte[getCount()];
        bytes.get(utf8);
        yield new String(utf8, StandardCharsets.UTF_8);
      }
    };
  }

  long getTime(long known) {
    return bytes.get() == KNOWN ? known : bytes.getLong();
  }

  /** All that was put. */
  byte[] toBytes() {
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  private ByteBuffer room(int length) {
    if (bytes.remaining() < length) {
      bytes =
          ByteBuffer.allocate(Math.max(2 * bytes.capacity(), bytes.position() + length))
              .put(bytes.flip());
    }
    return bytes;
  }
}
