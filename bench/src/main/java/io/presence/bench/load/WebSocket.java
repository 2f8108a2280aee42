package io.presence.bench.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;

/** The client's end of a WebSocket, as far as a load client needs it: text, pings, no fragments. */
public final class WebSocket extends Connection {
  private static final int TEXT = 1;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;
  private static final int FINAL = 0x80;
  private static final int MASKED = 0x80;
  private static final byte[] SWITCHED = Ascii.bytes(" 101 ");

  /** Who is told of what comes. */
  public interface Listener {
    /** The server has agreed; from now on something may be sent. */
    void opened(WebSocket socket) throws IOException;

    /** A message came: these bytes of an array that is used again for the next. */
    void text(byte[] bytes, int from, int to) throws IOException;
  }

  private final Listener listener;
  private boolean open;

  WebSocket(Selector selector, InetSocketAddress server, String target, Listener listener)
      throws IOException {
    super(selector, server);
    this.listener = listener;
    String upgrade =
        """
        GET %s HTTP/1.1
        Host: %s:%d
        Connection: Upgrade
        Upgrade: websocket
        Sec-WebSocket-Version: 13
        Sec-WebSocket-Key: cHJlc2VuY2UgYmVuY2ggIQ==

        """
            .formatted(target, server.getHostString(), server.getPort())
            .replace("\n", "\r\n");
    write(ByteBuffer.wrap(Ascii.bytes(upgrade)));
  }

  /** Sends one message. */
  public void send(String text) throws IOException {
    byte[] payload = text.getBytes(UTF_8);
    send(TEXT, payload, 0, payload.length);
  }

  @Override
  @SuppressWarnings("ByteBufferBackingArray") // as Connection promises
  void take(ByteBuffer in) throws IOException {
    if (!open && !takeUpgrade(in)) {
      return;
    }
    while (in.remaining() >= 2) {
      int start = in.position();
      int header = 2;
      long length = in.get(start + 1) & 127;
      if (length == 126) {
        header = 4;
        length = in.remaining() < header ? 0 : in.getShort(start + 2) & 0xffff;
      } else if (length == 127) {
        header = 10;
        length = in.remaining() < header ? 0 : in.getLong(start + 2);
      }
      if (in.remaining() < header + length) {
        return;
      }
      int from = start + header;
      int to = (int) (from + length);
      in.position(to);
      switch (in.get(start) & 15) {
        case TEXT -> listener.text(in.array(), from, to);
        case PING -> send(PONG, in.array(), from, to);
        case CLOSE ->
            throw new IOException(
                "the server closed a socket"
                    + (length < 2 ? "" : " with " + (in.getShort(from) & 0xffff)));
        default -> {
          // A pong tells nothing, and the server sends nothing else.
        }
      }
    }
  }

  @SuppressWarnings("ByteBufferBackingArray") // as Connection promises
  private boolean takeUpgrade(ByteBuffer in) throws IOException {
    int end = Ascii.find(in.array(), in.position(), in.limit(), Ascii.END_OF_HEAD);
    if (end < 0) {
      return false;
    }
    if (Ascii.find(in.array(), in.position(), end, SWITCHED) < 0) {
      throw new IOException(
          "no socket: " + Ascii.text(in.array(), in.position(), end - in.position()));
    }
    in.position(end);
    open = true;
    listener.opened(this);
    return true;
  }

  /** A mask of zeros leaves the payload as it is: this is no browser, and no proxy is between. */
  private void send(int opcode, byte[] from, int start, int end) throws IOException {
    int length = end - start;
    ByteBuffer frame = ByteBuffer.allocate(length + 8).put((byte) (FINAL | opcode));
    if (length < 126) {
      frame.put((byte) (MASKED | length));
    } else if (length <= 0xffff) {
      frame.put((byte) (MASKED | 126)).putShort((short) length);
    } else {
      throw new IllegalArgumentException("a message has 65,535 bytes at most, not " + length);
    }
    write(frame.putInt(0).put(from, start, length).flip());
  }
}
