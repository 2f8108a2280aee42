package io.presence.bench.fanout;

import io.presence.bench.load.Ascii;
import io.presence.bench.load.EventLoop;
import io.presence.bench.load.WebSocket;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Sockets that all watch one user, who has a socket, too, and says something new on it. Each
 * watcher must get each update, in order: so the n-th that it gets is the n-th that was said.
 */
final class Watchers implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration WAIT = Duration.ofMillis(100);
  private static final int REMEMBERED = 1 << 12;
  private static final byte[] READY = Ascii.bytes("\"initial_presence\"");
  private static final byte[] UPDATE = Ascii.bytes("\"presence_update\"");

  private final EventLoop loop;
  private final int count;
  private final List<Watcher> watchers = new ArrayList<>();
  private final WebSocket publisher;
  private final long[] saidAt = new long[REMEMBERED];
  private Histogram latencies = new Histogram(3);
  private byte[] lastUpdate = {};
  private boolean open;
  private int ready;
  private long said;
  private long delivered;

  /**
   * Opens them, and returns when all are told of all that the user says from then on.
   *
   * @param user whom they watch
   */
  Watchers(int port, int count, String user) throws IOException {
    this.count = count;
    loop = new EventLoop(port);
    try {
      for (int i = 0; i < count; i++) {
        Watcher watcher = new Watcher(user);
        watchers.add(watcher);
        var unused = loop.webSocket("/presence?user_id=watcher-" + i, watcher);
      }
      publisher = loop.webSocket("/presence?user_id=" + user, new Publisher());
      await("subscribed", () -> open && ready == count);
    } catch (IOException | RuntimeException e) {
      loop.close();
      throw e;
    }
  }

  /**
   * What came of some time.
   *
   * @param latencies from what was said to each that got it, in microseconds
   */
  record Run(long deliveries, double seconds, Histogram latencies) {
    double perSecond() {
      return deliveries / seconds;
    }
  }

  /**
   * Has the user say something whenever less is under way, and returns when all have all of it.
   *
   * @param outstanding how many updates may be under way to some watcher at a time
   * @throws IOException if a watcher missed something
   */
  Run run(int outstanding, Duration time) throws IOException {
    latencies = new Histogram(3);
    long before = delivered;
    long start = System.nanoTime();
    while (System.nanoTime() - start < time.toNanos()) {
      while (said * count - delivered <= (outstanding - 1L) * count) {
        saidAt[(int) (said % REMEMBERED)] = System.nanoTime();
        publisher.send(
            "{\"type\":\"set_online\",\"device\":\"web\",\"custom_status\":\"x" + said + "\"}");
        said++;
      }
      loop.poll(WAIT);
    }
    await("told of everything", () -> delivered == said * count);
    for (Watcher watcher : watchers) {
      if (watcher.received != said) {
        throw new IOException("a watcher got %d of %d".formatted(watcher.received, said));
      }
    }
    return new Run(delivered - before, (System.nanoTime() - start) / 1e9, latencies);
  }

  /** The last update that one of them got. */
  byte[] lastUpdate() {
    return lastUpdate.clone();
  }

  @Override
  public void close() throws IOException {
    loop.close();
  }

  private interface Condition {
    boolean holds();
  }

  private void await(String what, Condition condition) throws IOException {
    long start = System.nanoTime();
    while (!condition.holds()) {
      if (System.nanoTime() - start > PATIENCE.toNanos()) {
        throw new IOException("not all are " + what + " after " + PATIENCE.toSeconds() + " s");
      }
      loop.poll(WAIT);
    }
  }

  private final class Watcher implements WebSocket.Listener {
    private final String user;
    private long received;

    Watcher(String user) {
      this.user = user;
    }

    @Override
    public void opened(WebSocket socket) throws IOException {
      socket.send("{\"type\":\"subscribe\",\"user_ids\":[\"" + user + "\"]}");
    }

    @Override
    public void text(byte[] bytes, int from, int to) throws IOException {
      if (Ascii.find(bytes, from, to, UPDATE) < 0) {
        if (Ascii.find(bytes, from, to, READY) >= 0) {
          ready++;
        }
        return;
      }
      if (received == said) {
        throw new IOException("a watcher is told of what nobody said");
      }
      long nanos = System.nanoTime() - saidAt[(int) (received % REMEMBERED)];
      latencies.recordValue(TimeUnit.NANOSECONDS.toMicros(nanos));
      received++;
      delivered++;
      if (received == said && this == watchers.getFirst()) {
        lastUpdate = Arrays.copyOfRange(bytes, from, to);
      }
    }
  }

  private final class Publisher implements WebSocket.Listener {
    @Override
    public void opened(WebSocket socket) {
      open = true;
    }

    @Override
    public void text(byte[] bytes, int from, int to) {
      // It is told of its welcome, which nobody needs.
    }
  }
}
