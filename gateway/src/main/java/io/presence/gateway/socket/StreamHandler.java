package io.presence.gateway.socket;

import io.presence.gateway.http.Answer;
import io.presence.gateway.http.Call;
import io.presence.gateway.http.Route;
import io.presence.gateway.limit.ClientAddress;
import java.nio.ByteBuffer;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * {@code GET /v1/stream}: updates as server-sent events. It goes past the limit of requests under
 * way, for a stream is under way for as long as someone reads it, and holds no thread.
 */
public final class StreamHandler extends Handler.Wrapper {
  private static final String PATH = "/v1/stream";

  private final Sockets sockets;
  private final ClientAddress addresses;

  public StreamHandler(Sockets sockets, ClientAddress addresses) {
    this.sockets = sockets;
    this.addresses = addresses;
  }

  /** The route as the API's description names it; what gets as far as this is no GET. */
  public static Route route() {
    return Route.refusing(PATH, 405, "GET it: it is a stream of events");
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if (!HttpMethod.GET.is(request.getMethod())
        || !Request.getPathInContext(request).equals(PATH)) {
      return super.handle(request, response, callback);
    }
    try {
      open(request, response, callback);
    } catch (Exception e) {
      write(Answer.of(e), response, callback);
    }
    return true;
  }

  private void open(Request request, Response response, Callback callback) throws Exception {
    String address =
        addresses.of(Request.getRemoteAddr(request), request.getHeaders().get("X-Forwarded-For"));
    sockets.limits().request(address, false);
    Caller caller = Caller.of(request, sockets.authentication());
    Set<String> userIds = Call.ids("user_ids", caller.userIds(), ClientMessage.MAX_IDS);
    if (sockets.draining() || sockets.full()) {
      write(Answer.busy("no more streams now; try again"), response, callback);
      return;
    }
    if (sockets.fullFor(caller.identity())) {
      write(Answer.problem(429, "too many sockets and streams of this user"), response, callback);
      return;
    }
    sockets.limits().lookups(caller.identity(), userIds.size());
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    String origin = request.getHeaders().get(HttpHeader.ORIGIN);
    if (origin != null
        && sockets.origins().allow(origin, request.getHeaders().get(HttpHeader.HOST))) {
      response.getHeaders().put(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      response.getHeaders().put(HttpHeader.VARY, "Origin");
    }
    EventStream stream =
        new EventStream(sockets, caller.identity(), caller.requester(), response, callback);
    request.addFailureListener(stream::fail);
    stream.open(userIds);
  }

  private static void write(Answer answer, Response response, Callback callback) {
    response.setStatus(answer.status());
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, answer.contentType());
    answer.headers().forEach(response.getHeaders()::put);
    response.write(true, ByteBuffer.wrap(answer.body()), callback);
  }
}
