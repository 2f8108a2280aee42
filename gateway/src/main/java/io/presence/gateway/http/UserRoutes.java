package io.presence.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.gateway.limit.RateLimits;
import io.presence.schemas.json.Json;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a user, or a service, sees of that user alone; and what an admin sees. */
public final class UserRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(UserRoutes.class);

  private final Queries queries;
  private final RateLimits limits;
  private final Duration patience;

  /**
   * @param patience how long the queries may take in all
   */
  public UserRoutes(Queries queries, RateLimits limits, Duration patience) {
    this.queries = queries;
    this.limits = limits;
    this.patience = patience;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        Route.get("/v1/users/{id}/status", call -> ask(call, new Question.OwnStatus(call.ownId()))),
        Route.get("/v1/users/{id}/visibility", this::visibility),
        Route.get(
            "/v1/users/{id}/contacts",
            call -> ask(call, new Question.Contacts(call.ownId(), call.limit(), call.after()))),
        Route.get(
            "/v1/users/{id}/sessions",
            call -> ask(call, new Question.Sessions(call.ownId(), call.limit(), call.after()))),
        Route.get("/v1/users/{id}/explain", call -> ask(call, new Question.Explain(call.anyId()))));
  }

  private CompletionStage<Answer> visibility(Call call) throws Exception {
    return ask(call, new Question.OwnStatus(call.ownId()))
        .thenApply(
            answer ->
                answer.status() == 200
                    ? new Answer(
                        200,
                        answer.contentType(),
                        only("visibility", answer.body()),
                        answer.headers())
                    : answer);
  }

  private CompletionStage<Answer> ask(Call call, Question question) throws Exception {
    limits.lookups(call.identity(), 1);
    return queries
        .ask(question)
        .toCompletableFuture()
        .copy()
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(
            failure -> {
              LOG.debug("a question failed", failure);
              return Question.Reply.NOT_HERE;
            })
        .thenApply(
            reply -> {
              byte[] json = reply.json();
              return switch (reply.outcome()) {
                case ANSWERED -> Answer.json(json == null ? new byte[0] : json, reply.stale());
                case INVALID -> Answer.problem(400, "after: not one that an answer gave");
                case NOT_HERE -> Answer.unavailable();
              };
            });
  }

  private static byte[] only(String field, byte[] json) {
    try {
      JsonNode value = Json.MAPPER.readTree(json).get(field);
      ObjectNode object = Json.MAPPER.createObjectNode();
      object.set(field, value);
      return Json.MAPPER.writeValueAsBytes(object);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }
}
