package io.presence.gateway.http;

import io.javalin.http.HandlerType;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * One route.
 *
 * @param path as in OpenAPI: {@code {id}} stands for one segment
 */
public record Route(HandlerType method, String path, Kind kind, Endpoint endpoint) {

  /** What limits and logs go by. */
  public enum Kind {
    /** Of someone who has to say who they are. */
    CALL,
    /** The same, and a heartbeat, which must not starve. */
    HEARTBEAT,
    /** Open to all: health, metrics, documents. */
    OPEN
  }

  /** What is done. */
  @FunctionalInterface
  interface Endpoint {
    CompletionStage<Answer> answer(Call call) throws Exception;
  }

  static Route get(String path, Endpoint endpoint) {
    return new Route(HandlerType.GET, path, Kind.CALL, endpoint);
  }

  static Route put(String path, Endpoint endpoint) {
    return new Route(HandlerType.PUT, path, Kind.CALL, endpoint);
  }

  static Route post(String path, Endpoint endpoint) {
    return new Route(HandlerType.POST, path, Kind.CALL, endpoint);
  }

  static Route delete(String path, Endpoint endpoint) {
    return new Route(HandlerType.DELETE, path, Kind.CALL, endpoint);
  }

  static Route heartbeat(String path, Endpoint endpoint) {
    return new Route(HandlerType.POST, path, Kind.HEARTBEAT, endpoint);
  }

  static Route open(String path, Endpoint endpoint) {
    return new Route(HandlerType.GET, path, Kind.OPEN, endpoint);
  }

  /** One that is served elsewhere: what gets here is refused. */
  public static Route refusing(String path, int status, String why) {
    return open(path, call -> CompletableFuture.completedStage(Answer.problem(status, why)));
  }
}
