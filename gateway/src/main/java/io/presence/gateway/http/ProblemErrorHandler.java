package io.presence.gateway.http;

import io.presence.schemas.json.Problem;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Errors that Jetty itself answers, before any route is asked, as problems too. */
final class ProblemErrorHandler extends ErrorHandler {
  private static final HttpField CONTENT_TYPE =
      new HttpField(HttpHeader.CONTENT_TYPE, Problem.CONTENT_TYPE);

  @Override
  protected void generateResponse(
      Request request,
      Response response,
      int code,
      @Nullable String message,
      @Nullable Throwable cause,
      Callback callback) {
    byte[] body = new Problem(code, "the request could not be served").toJson();
    response.getHeaders().put(CONTENT_TYPE);
    response.write(true, ByteBuffer.wrap(body), callback);
  }
}
