package io.presence.gateway.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.gateway.auth.ForbiddenException;
import io.presence.gateway.limit.RateLimits;
import io.presence.gateway.limit.TooManyRequestsException;
import io.presence.gateway.lookup.MemberList;
import io.presence.gateway.lookup.MemberLists;
import io.presence.gateway.write.ChannelEvents;
import io.presence.gateway.write.MemberFields;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is in a channel: joining, leaving, and the list of members. */
public final class ChannelRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelRoutes.class);

  private final ChannelEvents events;
  private final Queries queries;
  private final MemberLists lists;
  private final RateLimits limits;
  private final Duration patience;

  /**
   * @param patience how long the queries may take in all
   */
  public ChannelRoutes(
      ChannelEvents events,
      Queries queries,
      MemberLists lists,
      RateLimits limits,
      Duration patience) {
    this.events = events;
    this.queries = queries;
    this.lists = lists;
    this.limits = limits;
    this.patience = patience;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        Route.put("/v1/channels/{channel}/members/{id}", this::join),
        Route.delete("/v1/channels/{channel}/members/{id}", this::leave),
        Route.heartbeat("/v1/channels/{channel}/members/{id}/heartbeat", this::heartbeat),
        Route.get("/v1/channels/{channel}/members", this::members),
        Route.get("/v1/channels/{channel}/count", this::count));
  }

  private CompletionStage<Answer> join(Call call) throws Exception {
    String channel = ownChannel(call);
    String id = call.ownId();
    JsonNode body = Json.readObject(call.json());
    Fields fields = new Fields(body);
    return write(
        call,
        new Joined(
            channel,
            id,
            fields.optionalSessionId("session_id"),
            MemberFields.metadata(body),
            fields.optionalBoolean("hidden")));
  }

  private CompletionStage<Answer> leave(Call call) throws Exception {
    String channel = ownChannel(call);
    String id = call.ownId();
    String session = call.query("session_id");
    return write(
        call,
        new Left(
            channel, id, session == null ? null : Fields.checkSessionId("session_id", session)));
  }

  private CompletionStage<Answer> heartbeat(Call call) throws Exception {
    String channel = ownChannel(call);
    Heartbeat heartbeat =
        new Heartbeat(channel, call.ownId(), call.body().optionalSessionId("session_id"));
    limits.heartbeats(call.identity(), 1);
    return events.gather(heartbeat).thenApply(done -> Answer.accepted());
  }

  private CompletionStage<Answer> members(Call call) throws Exception {
    String channel = readChannel(call);
    String requester = call.requester(call.query("requester_id"));
    int limit = call.limit();
    limits.lookups(call.identity(), limit);
    return ask(
        new Question.Members(channel, requester, limit, call.after()),
        reply -> members(reply, requester));
  }

  private CompletionStage<Answer> count(Call call) throws Exception {
    String channel = readChannel(call);
    String requester = call.requester(call.query("requester_id"));
    limits.lookups(call.identity(), 1);
    return ask(
        new Question.Count(channel, requester),
        reply -> CompletableFuture.completedStage(count(reply)));
  }

  private CompletionStage<Answer> write(Call call, OfMember event) throws TooManyRequestsException {
    limits.writes(call.identity(), 1);
    return events.write(event).thenApply(done -> Answer.accepted());
  }

  private CompletionStage<Answer> ask(
      Question question, Function<Question.Reply, CompletionStage<Answer>> answered) {
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
        .thenCompose(
            reply ->
                switch (reply.outcome()) {
                  case ANSWERED -> answered.apply(reply);
                  case INVALID ->
                      CompletableFuture.completedStage(
                          Answer.problem(400, "after: not one that an answer gave"));
                  case NOT_HERE ->
                      CompletableFuture.completedStage(
                          Answer.busy("nobody who holds this channel could be asked"));
                });
  }

  private CompletionStage<Answer> members(Question.Reply reply, @Nullable String requester) {
    MemberList list = new MemberList();
    try {
      list.add(json(reply), reply.stale());
    } catch (IOException e) {
      throw new CompletionException(e);
    }
    return lists
        .seen(list, requester)
        .thenApply(
            seen -> {
              ByteArrayOutputStream out = new ByteArrayOutputStream(64 + list.size() * 128);
              out.writeBytes("{\"members\":[".getBytes(UTF_8));
              list.write(out, 0, list.size(), seen);
              String next = list.next();
              out.writeBytes(
                  (next == null ? "]}" : "],\"next\":\"" + next + "\"}").getBytes(UTF_8));
              return Answer.json(out.toByteArray(), reply.stale());
            });
  }

  private static Answer count(Question.Reply reply) {
    try {
      ObjectNode count = Json.MAPPER.createObjectNode();
      count.set("count", Json.MAPPER.readTree(json(reply)).get("count"));
      return Answer.json(Json.MAPPER.writeValueAsBytes(count), reply.stale());
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  private static byte[] json(Question.Reply reply) {
    byte[] json = reply.json();
    return json == null ? new byte[0] : json;
  }

  /** The channel in the path, which the caller may read. */
  private static String readChannel(Call call) throws InvalidJsonException, ForbiddenException {
    String channel = call.id("channel");
    call.identity().checkReads(channel);
    return channel;
  }

  /** The channel in the path, in which the caller may be. */
  private static String ownChannel(Call call) throws InvalidJsonException, ForbiddenException {
    String channel = call.id("channel");
    call.identity().checkWrites(channel);
    return channel;
  }
}
