package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Messages that leave in one write, in the bytes that go out. Those who are due the same messages
 * share one batch, and so its bytes, which are joined when first asked for. For one thread.
 */
public final class Batch {
  private static final int TEXT_FRAME = 0x81;
  private static final int LONGEST_SHORT = 125;
  private static final int TWO_BYTES = 126;
  private static final int EIGHT_BYTES = 127;
  private static final int LONGEST_HEADER = 10;
  private static final byte[] EVENT = "event: ".getBytes(UTF_8);
  private static final byte[] DATA = "\ndata: ".getBytes(UTF_8);
  private static final byte[] END = "\n\n".getBytes(UTF_8);

  private final List<Message> messages;
  private @Nullable ByteBuffer frames;
  private @Nullable ByteBuffer events;

  Batch(List<Message> messages) {
    this.messages = messages;
  }

  /** The messages, in their order. */
  List<Message> messages() {
    return messages;
  }

  /** Whether it is of these very messages. */
  boolean isOf(List<Message> others) {
    // A message equals none but itself: its bytes are compared by reference.
    return messages.equals(others);
  }

  /** The messages as unmasked WebSocket text frames, one each: a view for the caller alone. */
  public ByteBuffer frames() {
    ByteBuffer joined = frames;
    if (joined == null) {
      int size = 0;
      for (Message message : messages) {
        size += message.json().length + LONGEST_HEADER;
      }
      joined = ByteBuffer.allocate(size);
      for (Message message : messages) {
        putHeader(joined, message.json().length);
        joined.put(message.json());
      }
      frames = joined.flip();
    }
    return joined.duplicate();
  }

  /**
   * The messages as server-sent events, one each; what has no type goes out as it is. A view for
   * the caller alone.
   */
  public ByteBuffer events() {
    ByteBuffer joined = events;
    if (joined == null) {
      int size = 0;
      for (Message message : messages) {
        size += message.json().length + 3 * message.type().length();
        size += EVENT.length + DATA.length + END.length;
      }
      joined = ByteBuffer.allocate(size);
      for (Message message : messages) {
        if (!message.type().isEmpty()) {
          joined.put(EVENT).put(message.type().getBytes(UTF_8)).put(DATA);
        }
        joined.put(message.json()).put(END);
      }
      events = joined.flip();
    }
    return joined.duplicate();
  }

  private static void putHeader(ByteBuffer out, int length) {
    out.put((byte) TEXT_FRAME);
    if (length <= LONGEST_SHORT) {
      out.put((byte) length);
    } else if (length <= 0xffff) {
      out.put((byte) TWO_BYTES).putShort((short) length);
    } else {
      out.put((byte) EIGHT_BYTES).putLong(length);
    }
  }
}
