package io.presence.bench.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.util.Locale;

/** A connection that carries one HTTP request after the other; answers need a length. */
public final class KeepAlive extends Connection {
  private static final String LENGTH = "\r\ncontent-length:";

  /** Who is told of answers. */
  public interface Listener {
    /** The answer is there as a whole, and the connection is free for the next request. */
    void answered(KeepAlive connection, int status) throws IOException;
  }

  private final String host;
  private final Listener listener;

  KeepAlive(Selector selector, InetSocketAddress server, Listener listener) throws IOException {
    super(selector, server);
    this.host = server.getHostString() + ":" + server.getPort();
    this.listener = listener;
  }

  /** Sends a request with a body of JSON in ASCII; only one may be under way. */
  public void send(String method, String target, String body) throws IOException {
    String request =
        method
            + " "
            + target
            + " HTTP/1.1\r\nHost: "
            + host
            + "\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body;
    write(ByteBuffer.wrap(Ascii.bytes(request)));
  }

  @Override
  @SuppressWarnings("ByteBufferBackingArray") // as Connection promises
  void take(ByteBuffer in) throws IOException {
    int start = in.position();
    int end = Ascii.find(in.array(), start, in.limit(), Ascii.END_OF_HEAD);
    if (end < 0) {
      return;
    }
    String head = Ascii.text(in.array(), start, end - start).toLowerCase(Locale.ROOT);
    int length = 0;
    int at = head.indexOf(LENGTH);
    if (at >= 0) {
      int value = at + LENGTH.length();
      length = Integer.parseInt(head.substring(value, head.indexOf('\r', value)).trim());
    }
    if (in.limit() < end + length) {
      return;
    }
    in.position(end + length);
    int space = head.indexOf(' ');
    listener.answered(this, Integer.parseInt(head.substring(space + 1, space + 4)));
  }
}
