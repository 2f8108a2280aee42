package io.presence.bench.load;

import io.presence.bench.Cpu;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A closed loop over HTTP/1.1: on each of its connections, which are kept, one request is under way
 * at any time. One thread and a selector do it all, so that it costs little beside a server on the
 * same machine.
 */
public final class HttpLoad implements AutoCloseable {
  private static final long SELECT_MILLIS = 1_000;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int READ_BYTES = 256 * 1024;

  private final Selector selector;
  private final List<Connection> connections = new ArrayList<>();
  private final ByteBuffer in = ByteBuffer.allocateDirect(READ_BYTES);

  /** Where requests come from. */
  @FunctionalInterface
  public interface Requests {
    /** A whole request, written as it is, on the connection of that index. */
    ByteBuffer next(int connection);
  }

  /**
   * What came of it.
   *
   * @param requests how many were answered
   * @param failures how many of those with a status other than 2xx
   * @param took from the first of them to the last
   * @param latencies in microseconds
   * @param clientCpu CPU-seconds of this process meanwhile
   */
  public record Result(
      long requests, long failures, Duration took, Histogram latencies, double clientCpu) {
    /** Requests a second. */
    public double perSecond() {
      return requests * 1e9 / took.toNanos();
    }
  }

  /** What is counted between a moment and now. */
  private static final class Count {
    final long since = System.nanoTime();
    final double cpuBefore = Cpu.ofSelf();
    final Histogram latencies = new Histogram(3);
    long requests;
    long failures;

    void add(long nanos, boolean good) {
      requests++;
      failures += good ? 0 : 1;
      latencies.recordValue(nanos / 1_000);
    }

    Result result() {
      return new Result(
          requests,
          failures,
          Duration.ofNanos(System.nanoTime() - since),
          latencies,
          Cpu.ofSelf() - cpuBefore);
    }
  }

  private static final class Connection {
    final int index;
    final SocketChannel channel;
    final AnswerReader answer = new AnswerReader();
    @Nullable ByteBuffer unsent;
    long sentAt;

    Connection(int index, SocketChannel channel) {
      this.index = index;
      this.channel = channel;
    }
  }

  /** Connects to a server on this machine. */
  public HttpLoad(int port, int connections) throws IOException {
    selector = Selector.open();
    try {
      for (int i = 0; i < connections; i++) {
        SocketChannel channel =
            SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        Connection connection = new Connection(i, channel);
        this.connections.add(connection);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, connection);
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /**
   * Sends requests for as long as {@code warmUp} and {@code time} together, and waits for the
   * answers to the last ones. Only what was answered after {@code warmUp} counts.
   *
   * @throws IOException if a connection ends, or nothing comes for half a minute
   */
  public Result run(Duration warmUp, Duration time, Requests requests) throws IOException {
    long counted = System.nanoTime() + warmUp.toNanos();
    long end = counted + time.toNanos();
    Count count = new Count();
    boolean warm = warmUp.isZero();
    int underWay = connections.size();
    for (Connection connection : connections) {
      send(connection, requests);
    }
    long lastHeard = System.nanoTime();
    while (underWay > 0) {
      selector.select(SELECT_MILLIS);
      long now = System.nanoTime();
      if (!selector.selectedKeys().isEmpty()) {
        lastHeard = now;
      } else if (now - lastHeard > PATIENCE.toNanos()) {
        throw new IOException(underWay + " requests are not answered");
      }
      for (SelectionKey key : selector.selectedKeys()) {
        Connection connection = (Connection) Objects.requireNonNull(key.attachment());
        if (key.isWritable()) {
          write(connection);
        }
        if (!key.isReadable() || !read(connection)) {
          continue;
        }
        now = System.nanoTime();
        if (!warm && now >= counted) {
          warm = true;
          count = new Count();
        } else {
          count.add(now - connection.sentAt, connection.answer.isGood());
        }
        if (now < end) {
          send(connection, requests);
        } else {
          underWay--;
        }
      }
      selector.selectedKeys().clear();
    }
    return count.result();
  }

  private void send(Connection connection, Requests requests) throws IOException {
    connection.unsent = requests.next(connection.index);
    connection.sentAt = System.nanoTime();
    connection.answer.restart();
    write(connection);
  }

  private void write(Connection connection) throws IOException {
    ByteBuffer unsent = connection.unsent;
    if (unsent == null) {
      return;
    }
    connection.channel.write(unsent);
    boolean done = !unsent.hasRemaining();
    if (done) {
      connection.unsent = null;
    }
    SelectionKey key = Objects.requireNonNull(connection.channel.keyFor(selector));
    int interest = done ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE;
    if (key.interestOps() != interest) {
      key.interestOps(interest);
    }
  }

  /** Whether the answer is whole. */
  private boolean read(Connection connection) throws IOException {
    while (true) {
      in.clear();
      int read = connection.channel.read(in);
      if (read < 0) {
        throw new IOException("the server closed a connection");
      }
      if (read == 0) {
        return false;
      }
      if (connection.answer.take(in.flip())) {
        return true;
      }
      if (read < in.capacity()) {
        return false;
      }
    }
  }

  @Override
  public void close() throws IOException {
    for (Connection connection : connections) {
      connection.channel.close();
    }
    selector.close();
  }
}
