package io.presence.bench.load;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** One connection of a loop: keeps what cannot be written yet, and messages that are not whole. */
abstract class Connection {
  private static final byte[] NOTHING = {};

  private final SocketChannel channel;
  private final SelectionKey key;
  private ByteBuffer unwritten = ByteBuffer.wrap(NOTHING);
  private byte[] unread = NOTHING;

  Connection(Selector selector, InetSocketAddress server) throws IOException {
    channel = SocketChannel.open(server);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.configureBlocking(false);
    key = channel.register(selector, SelectionKey.OP_READ, this);
  }

  /**
   * Takes the whole messages from what has come, and leaves the rest in it.
   *
   * @param in has an array, and begins where its array does
   */
  abstract void take(ByteBuffer in) throws IOException;

  final void write(ByteBuffer bytes) throws IOException {
    if (!unwritten.hasRemaining()) {
      channel.write(bytes);
      if (!bytes.hasRemaining()) {
        return;
      }
    }
    unwritten =
        ByteBuffer.allocate(unwritten.remaining() + bytes.remaining())
            .put(unwritten)
            .put(bytes)
            .flip();
    key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
  }

  final void serve(ByteBuffer in) throws IOException {
    if (key.isWritable()) {
      channel.write(unwritten);
      if (!unwritten.hasRemaining()) {
        key.interestOps(SelectionKey.OP_READ);
      }
    }
    if (!key.isReadable()) {
      return;
    }
    in.clear().put(unread);
    if (!in.hasRemaining()) {
      throw new IOException("the server sent a message of more than " + in.capacity() + " bytes");
    }
    if (channel.read(in) < 0) {
      throw new EOFException("the server closed a connection");
    }
    in.flip();
    take(in);
    unread = in.hasRemaining() ? new byte[in.remaining()] : NOTHING;
    in.get(unread);
  }
}
