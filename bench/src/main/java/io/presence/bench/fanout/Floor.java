package io.presence.bench.fanout;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.presence.bench.load.Ascii;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What fan-out costs at least with a write for each socket and update: one thread that writes the
 * same bytes to all who ever subscribed whenever someone says something else. It keeps nothing,
 * checks nothing, and understands only short frames that were masked with zeros.
 */
final class Floor implements AutoCloseable {
  static final String READY = "the floor is ready on ";
  static final String UPDATE_VARIABLE = "FLOOR_UPDATE";

  private static final byte[] END_OF_HEAD = Ascii.bytes("\r\n\r\n");
  private static final byte[] SUBSCRIBE = Ascii.bytes("\"subscribe\"");
  private static final byte[] SWITCHING =
      Ascii.bytes(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  private static final int HEADER = 6;

  private final Selector selector = Selector.open();
  private final ServerSocketChannel listening = ServerSocketChannel.open();
  private final List<SocketChannel> watchers = new ArrayList<>();
  private final ByteBuffer update;
  private final ByteBuffer initial = frame(Ascii.bytes("{\"type\":\"initial_presence\"}"));

  /** Listens from now on, on a free port; {@link #run} answers. */
  Floor(byte[] update) throws IOException {
    this.update = frame(update);
    listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8192);
    listening.configureBlocking(false);
    var unused = listening.register(selector, SelectionKey.OP_ACCEPT);
  }

  /** Runs until it is killed; the update is in the environment. */
  public static void main(String[] args) throws IOException {
    String update = Objects.requireNonNull(System.getenv(UPDATE_VARIABLE), UPDATE_VARIABLE);
    try (Floor floor = new Floor(update.getBytes(UTF_8))) {
      System.out.println(READY + floor.port());
      floor.run();
    }
  }

  int port() throws IOException {
    return ((InetSocketAddress) listening.getLocalAddress()).getPort();
  }

  /** Answers until it is closed. */
  void run() throws IOException {
    while (selector.isOpen()) {
      selector.select();
      if (!selector.isOpen()) {
        return;
      }
      for (SelectionKey key : selector.selectedKeys()) {
        if (key.isAcceptable()) {
          accept();
        } else {
          read(key);
        }
      }
      selector.selectedKeys().clear();
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    selector.close();
  }

  private void accept() throws IOException {
    SocketChannel channel = listening.accept();
    if (channel != null) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
      var unused = channel.register(selector, SelectionKey.OP_READ, ByteBuffer.allocate(4096));
    }
  }

  @SuppressWarnings("ByteBufferBackingArray") // it is allocated here, in accept
  private void read(SelectionKey key) throws IOException {
    SocketChannel channel = (SocketChannel) key.channel();
    ByteBuffer in = (ByteBuffer) key.attachment();
    boolean ended;
    try {
      ended = channel.read(in) < 0;
    } catch (IOException e) {
      ended = true;
    }
    if (ended) {
      watchers.remove(channel);
      channel.close();
      return;
    }
    in.flip();
    if (in.hasRemaining() && in.get(0) == 'G') {
      int end = Ascii.find(in.array(), 0, in.limit(), END_OF_HEAD);
      if (end < 0) {
        in.position(in.limit()).limit(in.capacity());
        return;
      }
      in.position(end);
      write(channel, ByteBuffer.wrap(SWITCHING));
    }
    while (in.remaining() >= HEADER) {
      int start = in.position();
      int end = start + HEADER + (in.get(start + 1) & 127);
      if (in.limit() < end) {
        break;
      }
      in.position(end);
      if (Ascii.find(in.array(), start, end, SUBSCRIBE) >= 0) {
        watchers.add(channel);
        write(channel, initial.duplicate());
      } else {
        for (SocketChannel watcher : watchers) {
          write(watcher, update.duplicate());
        }
      }
    }
    in.compact();
  }

  private static void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static ByteBuffer frame(byte[] text) {
    ByteBuffer frame = ByteBuffer.allocateDirect(text.length + 4).put((byte) 0x81);
    if (text.length < 126) {
      frame.put((byte) text.length);
    } else {
      frame.put((byte) 126).putShort((short) text.length);
    }
    return frame.put(text).flip();
  }
}
