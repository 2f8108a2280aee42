package io.presence.bench.memory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/**
 * WebSockets of as many users that connect, say what they are told to, and then are silent but for
 * the answers to pings. One thread and one selector, nothing but the channel for each.
 */
final class IdleSockets implements AutoCloseable {
  /** How many are on their way in at a time. */
  private static final int UNDER_WAY = 64;

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int FINAL_TEXT = 0x81;
  private static final int MASKED = 0x80;
  private static final int LENGTH_IN_TWO_BYTES = 126;

  /** One of them; how much was heard of it tells how far it is. */
  private static final class Idle {
    private final int user;
    private boolean upgraded;
    private boolean ready;

    Idle(int user) {
      this.user = user;
    }
  }

  private final int port;
  private final List<String> messages;
  private final String readyText;
  private final Selector selector;
  private final ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
  private int ready;

  /**
   * Connects users 0 to {@code count}, and returns when each has heard what it waits for.
   *
   * @param messages what each says first
   * @param readyText what each has heard then
   * @throws IOException if one was not let in, or that took longer than a minute
   */
  IdleSockets(int port, int count, List<String> messages, String readyText) throws IOException {
    this.port = port;
    this.messages = messages;
    this.readyText = readyText;
    this.selector = Selector.open();
    try {
      connect(count);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** Reads what comes for so long. */
  void idle(Duration time) throws IOException {
    long end = System.nanoTime() + time.toNanos();
    for (long left = time.toMillis(); left > 0; left = (end - System.nanoTime()) / 1_000_000) {
      turn(left);
    }
  }

  @Override
  public void close() throws IOException {
    for (SelectionKey key : selector.keys()) {
      key.channel().close();
    }
    selector.close();
  }

  private void connect(int count) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    int started = 0;
    while (ready < count) {
      for (; started < count && started - ready < UNDER_WAY; started++) {
        SocketChannel channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_CONNECT, new Idle(started));
        channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      }
      turn(100);
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("only " + ready + " of " + count + " sockets are ready");
      }
    }
  }

  private void turn(long millis) throws IOException {
    selector.select(millis);
    for (SelectionKey key : selector.selectedKeys()) {
      SocketChannel channel = (SocketChannel) key.channel();
      Idle idle = (Idle) key.attachment();
      if (key.isConnectable()) {
        channel.finishConnect();
        key.interestOps(SelectionKey.OP_READ);
        channel.write(ByteBuffer.wrap(upgrade(idle.user)));
      } else {
        read(channel, idle);
      }
    }
    selector.selectedKeys().clear();
  }

  private void read(SocketChannel channel, Idle idle) throws IOException {
    buffer.clear();
    if (channel.read(buffer) < 0) {
      throw new IOException("the socket of user " + idle.user + " was closed");
    }
    String heard = new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1);
    if (!idle.upgraded) {
      if (!heard.startsWith("HTTP/1.1 101 ")) {
        throw new IOException("no socket: " + heard);
      }
      idle.upgraded = true;
      for (String message : messages) {
        channel.write(frame(message));
      }
    }
    if (!idle.ready && heard.contains(readyText)) {
      idle.ready = true;
      ready++;
    }
    if (heard.equals("\u0089\0")) {
      channel.write(ByteBuffer.wrap(new byte[] {(byte) 0x8A, (byte) MASKED, 0, 0, 0, 0}));
    }
  }

  private byte[] upgrade(int user) {
    return """
    GET /presence?user_id=idle-%d HTTP/1.1
    Host: localhost:%d
    Upgrade: websocket
    Connection: Upgrade
    Sec-WebSocket-Version: 13
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

    """
        .formatted(user, port)
        .replace("\n", "\r\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  private static ByteBuffer frame(String message) {
    byte[] payload = message.getBytes(StandardCharsets.UTF_8);
    ByteBuffer frame = ByteBuffer.allocate(payload.length + 8).put((byte) FINAL_TEXT);
    if (payload.length < LENGTH_IN_TWO_BYTES) {
      frame.put((byte) (MASKED | payload.length));
    } else {
      frame.put((byte) (MASKED | LENGTH_IN_TWO_BYTES)).putShort((short) payload.length);
    }
    // A mask of zeros leaves it as it is.
    return frame.putInt(0).put(payload).flip();
  }
}
