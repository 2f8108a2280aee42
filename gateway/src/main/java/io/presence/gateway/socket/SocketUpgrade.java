package io.presence.gateway.socket;

import io.presence.gateway.auth.ForbiddenException;
import io.presence.gateway.auth.KeysUnavailableException;
import io.presence.gateway.auth.UnauthorizedException;
import io.presence.gateway.http.Route;
import io.presence.gateway.limit.ClientAddress;
import io.presence.gateway.limit.TooManyRequestsException;
import io.presence.schemas.json.InvalidJsonException;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.Configuration;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.FrameHandler;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.core.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.core.server.WebSocketNegotiator;
import org.eclipse.jetty.websocket.core.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /presence}: from a request to a socket. Who may not come in gets a socket, too, that
 * is closed with the reason: a browser shows its page nothing of an answer that is no upgrade.
 */
public final class SocketUpgrade implements WebSocketNegotiator {
  private static final String PATH = "/presence";
  private static final int WRITE_BUFFER_BYTES = 16 * 1024;
  private static final Duration NO_TIMEOUT = Duration.ZERO;
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  private final Sockets sockets;
  private final ClientAddress addresses;

  private SocketUpgrade(Sockets sockets, ClientAddress addresses) {
    this.sockets = sockets;
    this.addresses = addresses;
  }

  /** What serves sockets, and lets all other requests through. */
  public static Handler.Wrapper handler(Sockets sockets, ClientAddress addresses) {
    SocketUpgrade upgrade = new SocketUpgrade(sockets, addresses);
    return new WebSocketUpgradeHandler(handler -> handler.addMapping(PATH, upgrade));
  }

  /** What a request for a socket gets that is no upgrade. */
  public static Route route() {
    return Route.refusing(PATH, 426, "this is a WebSocket: see /asyncapi.yaml");
  }

  @Override
  public @Nullable FrameHandler negotiate(
      ServerUpgradeRequest request, ServerUpgradeResponse response, Callback callback) {
    // None: a compressed socket takes more than three times the memory.
    response.setExtensions(List.of());
    try {
      sockets
          .limits()
          .request(
              addresses.of(
                  Request.getRemoteAddr(request), request.getHeaders().get("X-Forwarded-For")),
              false);
    } catch (TooManyRequestsException e) {
      Response.writeError(request, response, callback, HttpStatus.TOO_MANY_REQUESTS_429);
      return null;
    }
    if (sockets.draining() || sockets.full()) {
      Response.writeError(request, response, callback, HttpStatus.SERVICE_UNAVAILABLE_503);
      return null;
    }
    if (!sockets
        .origins()
        .allow(
            request.getHeaders().get(HttpHeader.ORIGIN),
            request.getHeaders().get(HttpHeader.HOST))) {
      return new Refusal(Close.ORIGIN);
    }
    try {
      Caller caller = Caller.of(request, sockets.authentication());
      return sockets.fullFor(caller.identity())
          ? new Refusal(Close.TOO_MANY_SOCKETS)
          : new Socket(
              sockets,
              caller.identity(),
              caller.requester(),
              request.getConnectionMetaData().getConnection().getEndPoint());
    } catch (UnauthorizedException
        | ForbiddenException
        | KeysUnavailableException
        | InvalidJsonException e) {
      return new Refusal(Close.of(e));
    }
  }

  @Override
  public void customize(Configuration socket) {
    socket.setMaxTextMessageSize(Socket.MAX_MESSAGE_BYTES);
    socket.setMaxBinaryMessageSize(Socket.MAX_MESSAGE_BYTES);
    socket.setMaxFrameSize(Socket.MAX_MESSAGE_BYTES);
    socket.setOutputBufferSize(WRITE_BUFFER_BYTES);
    // The wheel finds out who is gone.
    socket.setIdleTimeout(NO_TIMEOUT);
  }

  /** A socket for someone who is not let in. */
  private final class Refusal implements FrameHandler {
    private final Close why;
    private @Nullable CoreSession refused;

    Refusal(Close why) {
      this.why = why;
    }

    @Override
    public void onOpen(CoreSession session, Callback callback) {
      refused = session;
      callback.succeeded();
      session.close(why.code(), why.reason(), Callback.NOOP);
      sockets.executeLater(CLOSE_PATIENCE, session::abort);
      session.demand();
    }

    @Override
    public void onFrame(Frame frame, Callback callback) {
      callback.succeeded();
      if (refused != null && frame.getOpCode() != OpCode.CLOSE) {
        refused.demand();
      }
    }

    @Override
    public void onError(Throwable cause, Callback callback) {
      callback.succeeded();
    }

    @Override
    public void onClosed(CloseStatus status, Callback callback) {
      callback.succeeded();
    }
  }
}
