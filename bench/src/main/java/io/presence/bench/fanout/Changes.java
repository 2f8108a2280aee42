package io.presence.bench.fanout;

import io.presence.bench.load.Ascii;
import io.presence.bench.load.EventLoop;
import io.presence.bench.load.KeepAlive;
import io.presence.bench.load.WebSocket;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Users who are online, each with a socket that watches the next of them, and connections over
 * which their statuses are put. A status has its number in it, so that an update tells which it is
 * of.
 */
final class Changes implements AutoCloseable {
  private static final int CONNECTIONS = 256;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration DRAIN = Duration.ofSeconds(10);
  private static final Duration WAIT = Duration.ofMillis(20);
  private static final byte[] READY = Ascii.bytes("\"initial_presence\"");
  private static final byte[] UPDATE = Ascii.bytes("\"presence_update\"");
  private static final byte[] NUMBER = Ascii.bytes("\"custom_status\":\"x");

  private final EventLoop loop;
  private final int users;
  private final Deque<KeepAlive> free = new ArrayDeque<>();
  private Histogram latencies = new Histogram(3);
  private boolean[] seen = {};
  private long start;
  private double interval;
  private long first;
  private int arrived;
  private int refused;
  private int ready;

  /** Connects, and returns when all have come online and are watched. */
  Changes(int port, int users) throws IOException {
    this.users = users;
    loop = new EventLoop(port);
    try {
      for (int i = 0; i < users; i++) {
        var unused = loop.webSocket("/presence?user_id=user-" + i, new User((i + 1) % users));
      }
      for (int i = 0; i < CONNECTIONS; i++) {
        free.add(loop.keepAlive(this::answered));
      }
      long begin = System.nanoTime();
      while (ready < users) {
        if (System.nanoTime() - begin > PATIENCE.toNanos()) {
          throw new IOException("%d of %d are subscribed".formatted(ready, users));
        }
        loop.poll(WAIT);
      }
    } catch (IOException | RuntimeException e) {
      loop.close();
      throw e;
    }
  }

  /**
   * What came of a rate.
   *
   * @param latencies from when each was to be sent to its update at a socket, in microseconds
   * @param perSecond changes of which the update came while changes were sent
   * @param unsent changes for which no connection was free in time
   * @param refused requests with another answer than 202
   * @param lost changes sent of which no update came, not even after ten more seconds
   */
  record Run(Histogram latencies, double perSecond, int unsent, int refused, int lost) {}

  /**
   * Puts statuses at this rate, no matter how fast they are answered.
   *
   * @param rate changes a second
   */
  Run run(int rate, Duration time) throws IOException {
    int count = (int) (rate * time.toMillis() / 1000);
    latencies = new Histogram(3);
    first += seen.length;
    seen = new boolean[count];
    arrived = 0;
    refused = 0;
    interval = 1e9 / rate;
    start = System.nanoTime();
    int sent = 0;
    long elapsed = 0;
    while (elapsed < time.toNanos()) {
      while (sent < count && dueAt(sent) <= elapsed && !free.isEmpty()) {
        put(free.pop(), sent);
        sent++;
      }
      boolean waitsForNext = sent < count && !free.isEmpty();
      loop.poll(waitsForNext ? Duration.ofNanos(dueAt(sent) - elapsed) : WAIT);
      elapsed = System.nanoTime() - start;
    }
    double perSecond = arrived / (elapsed / 1e9);
    long end = System.nanoTime();
    while ((arrived < sent || free.size() < CONNECTIONS)
        && System.nanoTime() - end < DRAIN.toNanos()) {
      loop.poll(WAIT);
    }
    if (free.size() < CONNECTIONS) {
      throw new IOException((CONNECTIONS - free.size()) + " requests were not answered");
    }
    return new Run(latencies, perSecond, count - sent, refused, sent - arrived - refused);
  }

  @Override
  public void close() throws IOException {
    loop.close();
  }

  private long dueAt(int index) {
    return (long) (index * interval);
  }

  private void put(KeepAlive connection, int index) throws IOException {
    long number = first + index;
    connection.send(
        "PUT",
        "/v1/users/user-" + number % users + "/status",
        "{\"status\":\"busy\",\"custom_status\":\"x" + number + "\"}");
  }

  private void answered(KeepAlive connection, int status) {
    if (status != 202) {
      refused++;
    }
    // Each in its turn: a server closes those that are idle for long.
    free.add(connection);
  }

  private void arrived(byte[] bytes, int from, int to) {
    int at = Ascii.find(bytes, from, to, NUMBER);
    if (at < 0) {
      return;
    }
    long number = 0;
    while (bytes[at] != '"') {
      number = number * 10 + bytes[at] - '0';
      at++;
    }
    long index = number - first;
    // The status shows again in an update of something else, and in those that came too late.
    if (index >= 0 && index < seen.length && !seen[(int) index]) {
      seen[(int) index] = true;
      arrived++;
      long nanos = System.nanoTime() - start - dueAt((int) index);
      latencies.recordValue(TimeUnit.NANOSECONDS.toMicros(nanos));
    }
  }

  private final class User implements WebSocket.Listener {
    private final int watched;

    User(int watched) {
      this.watched = watched;
    }

    @Override
    public void opened(WebSocket socket) throws IOException {
      socket.send("{\"type\":\"set_online\",\"device\":\"web\"}");
      socket.send("{\"type\":\"subscribe\",\"user_ids\":[\"user-" + watched + "\"]}");
    }

    @Override
    public void text(byte[] bytes, int from, int to) {
      if (Ascii.find(bytes, from, to, UPDATE) >= 0) {
        arrived(bytes, from, to);
      } else if (Ascii.find(bytes, from, to, READY) >= 0) {
        ready++;
      }
    }
  }
}
