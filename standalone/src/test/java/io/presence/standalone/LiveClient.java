package io.presence.standalone;

import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A socket of a gateway, as someone else's client may use it: it answers pings, and no more. */
final class LiveClient implements AutoCloseable {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(20)).build();

  /** How a socket ended; 1006 if it was not closed but lost. */
  record Close(int code, String reason) {}

  private final LiveView view = new LiveView();
  private final CompletableFuture<Close> closed = new CompletableFuture<>();
  private @Nullable WebSocket socket;

  private LiveClient() {}

  /**
   * Connects.
   *
   * @param query of the URL, such as {@code user_id=ada}
   */
  static LiveClient connect(int port, String query) {
    return get(connecting(port, query, null));
  }

  /** The same, as a page of some origin does it. */
  static LiveClient connectFrom(String origin, int port, String query) {
    return get(connecting(port, query, origin));
  }

  /** Tries to connect where there is to be no socket: the status that comes instead. */
  static int refusal(int port, String query) {
    CompletableFuture<LiveClient> connecting = connecting(port, query, null);
    await("an answer").atMost(LiveView.PATIENCE).until(connecting::isDone);
    return switch (connecting.handle((client, failure) -> failure).join()) {
      case CompletionException e when e.getCause() instanceof WebSocketHandshakeException answer ->
          answer.getResponse().statusCode();
      case WebSocketHandshakeException answer -> answer.getResponse().statusCode();
      case null -> throw new AssertionError("it is open");
      case Throwable other -> throw new AssertionError(other);
    };
  }

  /** The same, without waiting for it. */
  static CompletableFuture<LiveClient> connecting(int port, String query, @Nullable String origin) {
    LiveClient client = new LiveClient();
    WebSocket.Builder builder = HTTP.newWebSocketBuilder();
    if (origin != null) {
      builder.header("Origin", origin);
    }
    return builder
        .buildAsync(
            URI.create("ws://127.0.0.1:" + port + "/presence?" + query), client.new Listener())
        .thenApply(
            socket -> {
              client.socket = socket;
              return client;
            });
  }

  LiveView view() {
    return view;
  }

  /** Says a message. Quotes in it are single ones. */
  LiveClient say(String message) {
    return sayRaw(message.replace('\'', '"'));
  }

  /** Sends a text as it is. */
  LiveClient sayRaw(String text) {
    get(socket().sendText(text, true));
    return this;
  }

  /** Sends a text, and does not care whether the other end takes it. */
  void offer(String text) {
    CompletableFuture<WebSocket> unused = socket().sendText(text, true);
  }

  void sayBinary(byte[] bytes) {
    get(socket().sendBinary(ByteBuffer.wrap(bytes), true));
  }

  LiveClient subscribe(Collection<String> userIds) {
    return say("{'type':'subscribe','user_ids':[" + list(userIds) + "]}");
  }

  LiveClient subscribe(String... userIds) {
    return subscribe(List.of(userIds));
  }

  LiveClient unsubscribe(Collection<String> userIds) {
    return say("{'type':'unsubscribe','user_ids':[" + list(userIds) + "]}");
  }

  /** Subscribes to one user, and waits for the answer. */
  LiveClient follow(String... userIds) {
    int before = view.messages("initial_presence").size();
    subscribe(userIds);
    view.awaitMessages("initial_presence", before + 1);
    return this;
  }

  /** Closes it with a code, and does not wait for the answer. */
  void close(int code) {
    CompletableFuture<WebSocket> unused = socket().sendClose(code, "");
  }

  /** Lets go of the connection without a word. */
  void abort() {
    socket().abort();
  }

  /** Says goodbye, if it is not closed. */
  @Override
  public void close() {
    if (!closed.isDone()) {
      close(1000);
    }
  }

  boolean isClosed() {
    return closed.isDone();
  }

  /** Waits until the gateway has closed it. */
  Close awaitClose() {
    await("the end of a socket").atMost(LiveView.PATIENCE).until(closed::isDone);
    return closed.join();
  }

  private WebSocket socket() {
    WebSocket opened = socket;
    if (opened == null) {
      throw new IllegalStateException("not connected");
    }
    return opened;
  }

  private static String list(Collection<String> userIds) {
    return userIds.stream().map(id -> "'" + id + "'").collect(Collectors.joining(","));
  }

  private static <T> T get(CompletableFuture<T> future) {
    try {
      return future.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(
        WebSocket webSocket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        view.add(TopicReader.json(text.toString().getBytes(StandardCharsets.UTF_8)));
        text.setLength(0);
      }
      webSocket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onBinary(
        WebSocket webSocket, ByteBuffer data, boolean last) {
      closed.complete(new Close(-1, "the gateway sent a binary frame"));
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
      closed.complete(new Close(code, reason));
      return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable error) {
      closed.complete(new Close(1006, String.valueOf(error)));
    }
  }
}
