package io.presence.gateway.http;

import io.presence.gateway.limit.RateLimits;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Queries;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What others see: lookups of one and of many. */
public final class PresenceRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(PresenceRoutes.class);

  private final Queries queries;
  private final RateLimits limits;

  /**
   * @param queries which answer in time or say that nobody could be asked: nothing is timed here
   */
  public PresenceRoutes(Queries queries, RateLimits limits) {
    this.queries = queries;
    this.limits = limits;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        Route.get("/v1/users/{id}/presence", this::one),
        Route.get("/v1/presence", this::list),
        Route.post("/v1/presence/query", this::query));
  }

  private CompletionStage<Answer> one(Call call) throws Exception {
    String id = call.id("id");
    String requester = call.requester(call.query("requester_id"));
    limits.lookups(call.identity(), 1);
    return lookup(requester, List.of(id))
        .thenApply(
            answer -> {
              Lookup.Entry entry = answer.entries().getFirst();
              byte[] presence = entry.presence();
              return switch (entry.outcome()) {
                case SHOWN -> Answer.json(presence == null ? new byte[0] : presence, entry.stale());
                // The same for one who is hidden and one who is not known, but for the id.
                case NOT_SHOWN ->
                    Answer.problem(404, "no presence of " + id + " for you").from(entry.stale());
                case NOT_HERE -> Answer.unavailable();
              };
            });
  }

  private CompletionStage<Answer> list(Call call) throws Exception {
    Set<String> ids = Call.ids("user_ids", call.query("user_ids"), BulkRequest.MAX_IDS);
    return many(call, List.copyOf(ids), call.query("requester_id"));
  }

  private CompletionStage<Answer> query(Call call) throws Exception {
    BulkRequest request = BulkRequest.read(call.json());
    return many(call, request.ids(), request.requester());
  }

  private CompletionStage<Answer> many(Call call, List<String> ids, @Nullable String named)
      throws Exception {
    String requester = call.requester(named);
    limits.lookups(call.identity(), ids.size());
    return lookup(requester, ids).thenApply(answer -> Answer.json(BulkAnswer.join(ids, answer)));
  }

  /** Never fails: who could not be asked is not here. */
  private CompletionStage<Lookup.Answer> lookup(@Nullable String requester, List<String> ids) {
    return queries
        .lookup(new Lookup.Request(requester, ids, false, false))
        .exceptionally(
            failure -> {
              LOG.debug("a lookup failed", failure);
              return new Lookup.Answer(ids.stream().map(id -> Lookup.Entry.NOT_HERE).toList());
            });
  }
}
