package io.presence.gateway.http;

import io.presence.schemas.json.Problem;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Lets so many requests in at a time and turns the others away at once, before anything of them is
 * read: threads cost next to nothing here, so that nothing else would bound what is under way.
 * Health is always let in.
 */
final class Admission extends Handler.Wrapper {
  private static final byte[] FULL =
      new Problem(503, "too many requests are under way; try again").toJson();

  private final int limit;
  private final AtomicInteger underWay = new AtomicInteger();

  Admission(int limit) {
    this.limit = limit;
  }

  /** How many requests are under way. */
  int underWay() {
    return underWay.get();
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if (underWay.incrementAndGet() > limit
        && !Request.getPathInContext(request).startsWith("/health/")) {
      underWay.decrementAndGet();
      response.setStatus(503);
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.CONTENT_TYPE);
      response.getHeaders().put(HttpHeader.RETRY_AFTER, "1");
      response.write(true, ByteBuffer.wrap(FULL), callback);
      return true;
    }
    Request.addCompletionListener(request, failure -> underWay.decrementAndGet());
    return super.handle(request, response, callback);
  }
}
