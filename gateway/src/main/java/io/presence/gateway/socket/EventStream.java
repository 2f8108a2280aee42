package io.presence.gateway.socket;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.presence.gateway.auth.Identity;
import io.presence.gateway.live.Batch;
import io.presence.gateway.live.Message;
import io.presence.gateway.live.Sink;
import io.presence.gateway.live.Subscriber;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Updates as server-sent events. What goes out goes one write at a time. */
final class EventStream implements Sink, Connection {
  /** What is no event goes out as it is: a comment, to find out whether anyone is there. */
  private static final Message COMMENT = new Message("", ":".getBytes(UTF_8));

  private static final Duration SHORTEST_RETRY = Duration.ofSeconds(1);

  private final Sockets sockets;
  private final Identity identity;
  private final Response response;
  private final Callback end;
  private final Subscriber subscriber;
  private final AtomicBoolean closing = new AtomicBoolean();

  /**
   * @param requester as whom it sees; null: a stranger
   * @param end completes the response
   */
  EventStream(
      Sockets sockets,
      Identity identity,
      @Nullable String requester,
      Response response,
      Callback end) {
    this.sockets = sockets;
    this.identity = identity;
    this.response = response;
    this.end = end;
    this.subscriber = sockets.fanout().subscriber(requester, this);
  }

  @Override
  public @Nullable String owner() {
    return identity.userId();
  }

  /** Begins to send. */
  void open(Set<String> userIds) {
    sockets.opened(this);
    // When to come back, if it is lost: not all at the same time.
    long retry = SHORTEST_RETRY.plus(sockets.retryAfter()).toMillis();
    subscriber.send(new Message("", ("retry: " + retry).getBytes(UTF_8)));
    subscriber.subscribe(userIds);
  }

  @Override
  public boolean send(Batch batch, Runnable written) {
    response.write(false, batch.events(), Callback.from(written, this::fail));
    return false;
  }

  @Override
  public void beat(long nanos) {
    Instant until = identity.validUntil();
    long stuck = subscriber.stuckNanos(nanos);
    if (until != null && Instant.now().isAfter(until)) {
      close();
    } else if (stuck > sockets.rules().pingInterval().multipliedBy(2).toNanos()) {
      fail(new TimeoutException("reads too slowly"));
    } else if (stuck == 0) {
      subscriber.send(COMMENT);
    }
  }

  @Override
  public void drain(Duration retryAfter) {
    close();
  }

  private void close() {
    if (subscriber.stuckNanos(System.nanoTime()) > 0) {
      fail(new TimeoutException("closed in the middle of a write"));
    } else if (over()) {
      end.succeeded();
    }
  }

  /** The other end is gone, or must go. */
  void fail(Throwable cause) {
    if (over()) {
      end.failed(cause);
    }
  }

  private boolean over() {
    boolean first = closing.compareAndSet(false, true);
    if (first) {
      subscriber.close();
      sockets.closed(this);
    }
    return first;
  }
}
