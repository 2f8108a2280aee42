package io.presence.bench.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;

/**
 * Connections to one server on this machine, all of them served by the thread that calls {@link
 * #poll}: one read for each connection that has something, no object for a message. All of it,
 * connections too, is for that one thread.
 */
public final class EventLoop implements AutoCloseable {
  private static final int LARGEST_READ = 256 * 1024;

  private final Selector selector;
  private final InetSocketAddress server;
  private final ByteBuffer in = ByteBuffer.allocate(LARGEST_READ);

  /** Connects to this port of the loopback address. */
  public EventLoop(int port) throws IOException {
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.selector = Selector.open();
  }

  /**
   * Opens a WebSocket; the listener is told when the server has agreed.
   *
   * @param target path and query
   */
  public WebSocket webSocket(String target, WebSocket.Listener listener) throws IOException {
    return new WebSocket(selector, server, target, listener);
  }

  /** Opens a connection for one HTTP request after the other. */
  public KeepAlive keepAlive(KeepAlive.Listener listener) throws IOException {
    return new KeepAlive(selector, server, listener);
  }

  /**
   * Serves what is ready, and waits for something if nothing is.
   *
   * @param atMost how long to wait, in whole milliseconds, one at least
   * @throws IOException if a connection broke, or the server said what it must not
   */
  public void poll(Duration atMost) throws IOException {
    try {
      selector.select(this::serve, Math.max(1, atMost.toMillis()));
    } catch (UncheckedIOException e) {
      throw new IOException(e.getCause());
    }
  }

  /** Drops all connections without a goodbye. */
  @Override
  public void close() throws IOException {
    for (SelectionKey key : selector.keys()) {
      key.channel().close();
    }
    selector.close();
  }

  private void serve(SelectionKey key) {
    try {
      ((Connection) key.attachment()).serve(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
