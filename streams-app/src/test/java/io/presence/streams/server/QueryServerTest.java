package io.presence.streams.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.presence.Visibility;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.LookupCodec;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class QueryServerTest {
  private static final String OWNERSHIP =
      "{\"partitions\":2,\"instances\":[{\"address\":\"a:1\",\"active\":[0],\"standby\":[1],"
          + "\"channel_active\":[1],\"channel_standby\":[0]}],"
          + "\"address\":\"a:1\",\"epoch\":\"1\"}";

  private final AtomicBoolean ready = new AtomicBoolean();
  private final Answering queries = new Answering();
  private final HttpClient client = HttpClient.newHttpClient();
  private QueryServer server = server(null);

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  @Test
  void shouldAnswerLookupAsBytes() throws Exception {
    Lookup.Request request = new Lookup.Request("ada", List.of("bob", "eve"), true, true);
    HttpResponse<byte[]> response = post(LookupCodec.write(request));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(queries.request.get()).isEqualTo(request);
    Lookup.Answer answer = LookupCodec.readAnswer(response.body());
    assertThat(answer).usingRecursiveComparison().isEqualTo(Answering.ANSWER);
  }

  @Test
  void shouldSayWhatIsWrongWhenLookupIsGarbage() throws Exception {
    HttpResponse<byte[]> response = post(new byte[] {9, 9});
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    assertThat(new String(response.body(), UTF_8)).contains("format 9");
  }

  @Test
  void shouldRefuseLookupThatIsTooLarge() throws Exception {
    assertThat(post(new byte[LookupCodec.MAX_REQUEST_BYTES + 1]).statusCode()).isEqualTo(413);
  }

  @Test
  void shouldAnswerQuestions() throws Exception {
    assertThat(get("/internal/v1/users/ada/explain").body()).contains("Explain");
    assertThat(get("/internal/v1/users/ada/status").body()).contains("OwnStatus");
    assertThat(get("/internal/v1/users/ada/sessions?limit=7&after=x").body())
        .isEqualTo("Sessions[userId=ada, limit=7, after=x]");
    HttpResponse<String> contacts = get("/internal/v1/users/ada/contacts");
    assertThat(contacts.body()).isEqualTo("Contacts[userId=ada, limit=100, after=null]");
    assertThat(contacts.headers().firstValue("Presence-Stale")).hasValue("true");
    assertThat(get("/internal/v1/channels/doc:1/members?limit=5000&after=bob&requester=ada").body())
        .isEqualTo("Members[channelId=doc:1, requester=ada, limit=5000, after=bob]");
    assertThat(get("/internal/v1/channels/doc:1/count").body())
        .isEqualTo("Count[channelId=doc:1, requester=null]");
    assertThat(get("/internal/v1/ownership").body()).isEqualTo(OWNERSHIP);
  }

  @Test
  void shouldTellBadPageFromForeignUserAndFromFailure() throws Exception {
    assertThat(get("/internal/v1/users/invalid/sessions").statusCode()).isEqualTo(400);
    assertThat(get("/internal/v1/users/foreign/sessions").statusCode()).isEqualTo(421);
    assertThat(get("/internal/v1/users/broken/sessions").statusCode()).isEqualTo(503);
    assertThat(get("/internal/v1/users/a%20b/sessions").statusCode()).isEqualTo(400);
    assertThat(get("/internal/v1/users/ada/sessions?limit=0").statusCode()).isEqualTo(400);
    assertThat(get("/internal/v1/channels/a%20b/members").statusCode()).isEqualTo(400);
    assertThat(get("/internal/v1/channels/c/members?limit=5001").statusCode()).isEqualTo(400);
    assertThat(get("/internal/v1/channels/c/members?after=a%20b").statusCode()).isEqualTo(400);
    HttpResponse<String> foreign = get("/internal/v1/channels/foreign/count");
    assertThat(foreign.statusCode()).isEqualTo(421);
    assertThat(foreign.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    assertThat(foreign.body()).contains("\"status\":421").contains("\"ownership\":" + OWNERSHIP);
    assertThat(get("/internal/v1/nothing").statusCode()).isEqualTo(404);
    assertThat(get("/internal/v1/lookup").statusCode()).isEqualTo(405);
  }

  @Test
  void shouldAskForTokenOnInternalRoutesOnly() throws Exception {
    server.close();
    server = server("s3cret");
    assertThat(get("/internal/v1/ownership").statusCode()).isEqualTo(401);
    assertThat(get("/internal/v1/nothing").statusCode()).isEqualTo(401);
    assertThat(get("/internal/v1/ownership", "Bearer wrong").statusCode()).isEqualTo(401);
    assertThat(get("/internal/v1/ownership", "Bearer s3cret").statusCode()).isEqualTo(200);
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldTellHealthAndMetrics() throws Exception {
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    assertThat(get("/health/ready").statusCode()).isEqualTo(503);
    ready.set(true);
    assertThat(get("/health/ready").statusCode()).isEqualTo(200);
    assertThat(get("/metrics").body()).isEqualTo("metric 1\n");
  }

  private QueryServer server(@Nullable String token) {
    return new QueryServer("127.0.0.1", 0, queries, token, ready::get, () -> "metric 1\n");
  }

  private HttpResponse<byte[]> post(byte[] body) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri("/internal/v1/lookup"))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build(),
        HttpResponse.BodyHandlers.ofByteArray());
  }

  private HttpResponse<String> get(String path) throws Exception {
    return get(path, "none");
  }

  private HttpResponse<String> get(String path, String authorization) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri(path)).header("Authorization", authorization).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  private static final class Answering implements Queries {
    static final Ownership OWNERSHIP =
        new Ownership(
            2,
            List.of(new Ownership.Instance("a:1", List.of(0), List.of(1), List.of(1), List.of(0))),
            "a:1",
            "1");
    static final Lookup.Answer ANSWER =
        new Lookup.Answer(
            List.of(
                new Lookup.Entry(
                    Lookup.Outcome.SHOWN,
                    "{}".getBytes(UTF_8),
                    5,
                    Visibility.EVERYONE,
                    false,
                    true),
                Lookup.Entry.NOT_HERE),
            OWNERSHIP);

    final AtomicReference<Lookup.@Nullable Request> request = new AtomicReference<>();

    @Override
    public CompletionStage<Lookup.Answer> lookup(Lookup.Request asked) {
      request.set(asked);
      return CompletableFuture.supplyAsync(() -> ANSWER);
    }

    @Override
    public CompletionStage<Question.Reply> ask(Question question) {
      String id =
          switch (question) {
            case Question.OfUser q -> q.userId();
            case Question.OfChannel q -> q.channelId();
          };
      return switch (id) {
        case "invalid" -> CompletableFuture.completedStage(Question.Reply.INVALID);
        case "foreign" -> CompletableFuture.completedStage(Question.Reply.notHere(OWNERSHIP));
        case "broken" -> CompletableFuture.failedStage(new IllegalStateException("starting"));
        default ->
            CompletableFuture.supplyAsync(
                () -> Question.Reply.answered(question.toString().getBytes(UTF_8), true));
      };
    }

    @Override
    public CompletionStage<Ownership> ownership() {
      return CompletableFuture.completedStage(OWNERSHIP);
    }
  }
}
