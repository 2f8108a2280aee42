package io.presence.gateway.lookup;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.presence.schemas.json.Json;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.LookupCodec;
import io.presence.schemas.query.LookupFormatException;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.CompletableResponseListener;
import org.eclipse.jetty.client.ContentResponse;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.jspecify.annotations.Nullable;

/**
 * One streams-app, asked over HTTP. Connections are kept and used again; nothing waits. Answers to
 * lookups are given on the thread that reads them, so that no other has to be woken: what is made
 * of them there must be short. All else may take a while, and has a thread of its own.
 */
final class HttpQueries implements Queries {
  private static final int MAX_ANSWER_BYTES = 256 * 1024 * 1024;

  private final HttpClient client;
  private final URI base;
  private final @Nullable String authorization;
  private final Duration timeout;
  private final Executor executor;

  /**
   * @param base where its query server is
   * @param internalToken what it wants to be shown; null: nothing
   * @param timeout how long an answer may take
   * @param executor goes on with what is no lookup
   */
  HttpQueries(
      HttpClient client,
      URI base,
      @Nullable String internalToken,
      Duration timeout,
      Executor executor) {
    this.client = client;
    this.base = base;
    this.authorization = internalToken == null ? null : "Bearer " + internalToken;
    this.timeout = timeout;
    this.executor = executor;
  }

  @Override
  public CompletionStage<Lookup.Answer> lookup(Lookup.Request request) {
    int asked = request.userIds().size();
    return send(request("/internal/v1/lookup")
            .method(HttpMethod.POST)
            .body(new BytesRequestContent(LookupCodec.CONTENT_TYPE, LookupCodec.write(request))))
        .thenApply(
            response -> {
              try {
                Lookup.Answer answer = LookupCodec.readAnswer(ok(response));
                if (answer.entries().size() != asked) {
                  throw new IOException(
                      base + " answered " + answer.entries().size() + " of " + asked + " ids");
                }
                return answer;
              } catch (IOException | LookupFormatException e) {
                throw new CompletionException(e);
              }
            });
  }

  @Override
  public CompletionStage<Question.Reply> ask(Question question) {
    return send(request(path(question)))
        .thenApplyAsync(
            response -> {
              try {
                return switch (response.getStatus()) {
                  case 400 -> Question.Reply.INVALID;
                  case 421 ->
                      Question.Reply.notHere(
                          Json.MAPPER
                              .readValue(response.getContent(), Misdirected.class)
                              .ownership());
                  default ->
                      Question.Reply.answered(
                          ok(response), response.getHeaders().contains("Presence-Stale"));
                };
              } catch (IOException e) {
                throw new CompletionException(e);
              }
            },
            executor);
  }

  @Override
  public CompletionStage<Ownership> ownership() {
    return send(request("/internal/v1/ownership"))
        .thenApplyAsync(
            response -> {
              try {
                return Json.MAPPER.readValue(ok(response), Ownership.class);
              } catch (IOException e) {
                throw new CompletionException(e);
              }
            },
            executor);
  }

  /** What is read of the answer of one that does not hold the partition. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  private record Misdirected(@JsonProperty("ownership") @Nullable Ownership ownership) {}

  private Request request(String path) {
    Request request = client.newRequest(base.resolve(path));
    if (authorization != null) {
      request.headers(headers -> headers.put(HttpHeader.AUTHORIZATION, authorization));
    }
    return request;
  }

  private CompletableFuture<ContentResponse> send(Request request) {
    // For all of the answer, not only its head.
    return new CompletableResponseListener(
            request.timeout(timeout.toMillis(), TimeUnit.MILLISECONDS), MAX_ANSWER_BYTES)
        .send();
  }

  private byte[] ok(ContentResponse response) throws IOException {
    if (response.getStatus() != 200) {
      throw new IOException(base + " answered " + response.getStatus());
    }
    return response.getContent();
  }

  private static String path(Question question) {
    return switch (question) {
      case Question.Explain q -> user(q) + "/explain";
      case Question.OwnStatus q -> user(q) + "/status";
      case Question.Sessions q -> user(q) + "/sessions" + page(q.limit(), q.after());
      case Question.Contacts q -> user(q) + "/contacts" + page(q.limit(), q.after());
      case Question.Members q ->
          channel(q)
              + "/members"
              + page(q.limit(), q.after())
              + parameter('&', "requester", q.requester());
      case Question.Count q -> channel(q) + "/count" + parameter('?', "requester", q.requester());
    };
  }

  private static String user(Question.OfUser question) {
    return "/internal/v1/users/" + question.userId();
  }

  private static String channel(Question.OfChannel question) {
    return "/internal/v1/channels/" + question.channelId();
  }

  private static String page(int limit, @Nullable String after) {
    return "?limit=" + limit + parameter('&', "after", after);
  }

  private static String parameter(char before, String name, @Nullable String value) {
    return value == null
        ? ""
        : before + name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }
}
