package io.presence.gateway.http;

import io.presence.gateway.auth.ForbiddenException;
import io.presence.gateway.auth.KeysUnavailableException;
import io.presence.gateway.auth.UnauthorizedException;
import io.presence.gateway.limit.TooManyRequestsException;
import io.presence.gateway.write.EventTooLargeException;
import io.presence.gateway.write.LogUnavailableException;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Problem;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is answered to a call. */
public record Answer(int status, String contentType, byte[] body, Map<String, String> headers) {
  private static final Logger LOG = LoggerFactory.getLogger(Answer.class);
  private static final String JSON = "application/json";
  private static final Answer ACCEPTED = new Answer(202, "", new byte[0], Map.of());

  /** The log has it. */
  static Answer accepted() {
    return ACCEPTED;
  }

  /** A body as it is. */
  static Answer json(byte[] body) {
    return new Answer(200, JSON, body, Map.of());
  }

  /** A body of which a standby may be the source. */
  static Answer json(byte[] body, boolean stale) {
    return json(body).from(stale);
  }

  static Answer of(Problem problem) {
    return new Answer(problem.status(), Problem.CONTENT_TYPE, problem.toJson(), Map.of());
  }

  /** A problem with one sentence to it. */
  public static Answer problem(int status, String detail) {
    return of(new Problem(status, detail));
  }

  /** This answer with one header. */
  Answer with(String header, String value) {
    return new Answer(status, contentType, body, Map.of(header, value));
  }

  /** This answer, which may come from a standby. */
  Answer from(boolean stale) {
    return stale ? with("Presence-Stale", "true") : this;
  }

  /** Nobody could be asked. */
  static Answer unavailable() {
    return problem(503, "nobody who holds this user's presence could be asked")
        .with("Retry-After", "1");
  }

  /** There is no room now. */
  public static Answer busy(String detail) {
    return problem(503, detail).with("Retry-After", "1");
  }

  /** What a failure is to the one who called. */
  public static Answer of(Throwable failure) {
    return switch (failure) {
      case CompletionException e when e.getCause() != null -> of(e.getCause());
      case ProblemException e -> of(e.problem());
      case InvalidJsonException e -> of(Problem.of(400, e));
      case UnauthorizedException e -> problem(401, message(e)).with("WWW-Authenticate", "Bearer");
      case ForbiddenException e -> problem(403, message(e));
      case EventTooLargeException e -> problem(413, message(e));
      case TooManyRequestsException e ->
          problem(429, message(e))
              .with("Retry-After", Long.toString(e.retryAfter().plusMillis(999).toSeconds()));
      case LogUnavailableException e -> {
        LOG.warn("an event was not acknowledged: {}", String.valueOf(e.getCause()));
        yield problem(503, message(e)).with("Retry-After", "1");
      }
      case KeysUnavailableException e -> {
        LOG.warn("keys cannot be had: {}", String.valueOf(e.getCause()));
        yield problem(503, message(e)).with("Retry-After", "5");
      }
      default -> {
        LOG.error("a call failed", failure);
        yield problem(500, "an error on our side; it is in the log");
      }
    };
  }

  private static String message(Exception e) {
    return String.valueOf(e.getMessage());
  }
}
