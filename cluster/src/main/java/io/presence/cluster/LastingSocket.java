package io.presence.cluster;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A socket that is opened again, at another gateway, whenever it is lost. */
final class LastingSocket implements AutoCloseable {
  /** A gateway that has just started, on a busy machine, is slow to take all who come at once. */
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  private static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(PATIENCE).build();

  private final List<Integer> ports;
  private final String query;
  private final String hello;
  private final Runnable opening;
  private final Consumer<String> receiver;
  private volatile boolean closed;
  private volatile @Nullable WebSocket socket;
  private int next;

  /** Since when it is lost, by {@link System#nanoTime}; 0: it is not. */
  private volatile long lostAt = System.nanoTime();

  /**
   * Begins to connect.
   *
   * @param ports of the gateways, the first of which is tried first
   * @param query of the URL
   * @param hello what it says each time that it is open
   * @param opening is called before
   * @param receiver takes what comes, one message after the other; {@link #lostNanos} still counts
   *     while it takes the first one
   */
  LastingSocket(
      List<Integer> ports,
      String query,
      String hello,
      Runnable opening,
      Consumer<String> receiver) {
    this.ports = ports;
    this.query = query;
    this.hello = hello;
    this.opening = opening;
    this.receiver = receiver;
    connect();
  }

  private void connect() {
    if (closed) {
      return;
    }
    URI uri =
        URI.create(
            "ws://127.0.0.1:%d/presence?%s".formatted(ports.get(next++ % ports.size()), query));
    CompletableFuture<WebSocket> connecting =
        HTTP.newWebSocketBuilder().connectTimeout(PATIENCE).buildAsync(uri, new Listener());
    CompletableFuture<WebSocket> unused =
        connecting.whenComplete(
            (opened, failure) -> {
              if (failure != null) {
                connectSoon();
              } else {
                socket = opened;
                if (closed) {
                  opened.abort();
                } else {
                  greet(opened);
                }
              }
            });
  }

  private void greet(WebSocket opened) {
    CompletableFuture<WebSocket> unused = opened.sendText(hello, true);
  }

  /** For how long it has been without a gateway, in nanoseconds. */
  long lostNanos() {
    long since = lostAt;
    return since == 0 ? 0 : System.nanoTime() - since;
  }

  private void lost() {
    if (lostAt == 0) {
      lostAt = System.nanoTime();
    }
    connectSoon();
  }

  private void connectSoon() {
    long wait = ThreadLocalRandom.current().nextLong(100, 500);
    CompletableFuture.delayedExecutor(wait, TimeUnit.MILLISECONDS).execute(this::connect);
  }

  @Override
  public void close() {
    closed = true;
    WebSocket open = socket;
    if (open != null) {
      open.abort();
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public void onOpen(WebSocket webSocket) {
      opening.run();
      webSocket.request(1);
    }

    @Override
    public @Nullable CompletionStage<?> onText(
        WebSocket webSocket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        receiver.accept(text.toString());
        text.setLength(0);
        lostAt = 0;
      }
      webSocket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
      lost();
      return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable error) {
      lost();
    }
  }
}
