package io.presence.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client of a socket, for tests: what it is told, in order. Quotes in messages are single ones.
 */
final class SocketClient implements WebSocket.Listener, AutoCloseable {
  /** How a socket was closed. */
  record Closed(int code, String reason) {}

  private static final int PATIENCE_S = 10;

  private final StringBuilder partial = new StringBuilder();
  private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
  private final CompletableFuture<Closed> closed = new CompletableFuture<>();
  private final WebSocket socket;

  private SocketClient(HttpClient client, int port, String query, @Nullable String origin) {
    WebSocket.Builder builder = client.newWebSocketBuilder();
    if (origin != null) {
      builder.header("Origin", origin);
    }
    socket =
        builder.buildAsync(URI.create("ws://127.0.0.1:" + port + "/presence" + query), this).join();
  }

  static SocketClient connect(TestGateway gateway, String query) {
    return new SocketClient(gateway.client(), gateway.gateway.port(), query, null);
  }

  static SocketClient connectFrom(TestGateway gateway, String query, String origin) {
    return new SocketClient(gateway.client(), gateway.gateway.port(), query, origin);
  }

  /** One that has been welcomed. */
  static SocketClient of(TestGateway gateway, String userId) throws Exception {
    SocketClient client = connect(gateway, "?user_id=" + userId);
    client.next("welcome");
    return client;
  }

  void say(String json) {
    socket.sendText(json.replace('\'', '"'), true).join();
  }

  WebSocket socket() {
    return socket;
  }

  JsonNode next() throws Exception {
    String message = messages.poll(PATIENCE_S, TimeUnit.SECONDS);
    assertThat(message).as("a message").isNotNull();
    return Json.MAPPER.readTree(Objects.requireNonNull(message));
  }

  /** The next message, which is of this type. */
  JsonNode next(String type) throws Exception {
    JsonNode message = next();
    assertThat(message.path("type").asText()).as("%s", message).isEqualTo(type);
    return message;
  }

  /** Nothing more has come, up to the answer to something that is said now. */
  void hasNothingMore() throws Exception {
    say("{'type':'nothing'}");
    assertThat(next("error").path("code").asText()).isEqualTo("unknown_type");
  }

  Closed closed() throws Exception {
    return closed.get(PATIENCE_S, TimeUnit.SECONDS);
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    partial.append(data);
    if (last) {
      messages.add(partial.toString());
      partial.setLength(0);
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    closed.complete(new Closed(code, reason));
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    closed.complete(new Closed(1006, String.valueOf(error.getMessage())));
  }

  @Override
  public void close() {
    socket.abort();
  }
}
