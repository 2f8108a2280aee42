package io.presence.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.presence.gateway.auth.Authentication;
import io.presence.gateway.limit.ClientAddress;
import io.presence.gateway.limit.Clock;
import io.presence.gateway.limit.RateLimits;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class AdmissionTest {
  @Test
  void shouldTurnAwayWhatIsTooMuchAndTakeAgainWhatComesLater() throws Exception {
    CompletableFuture<Answer> held = new CompletableFuture<>();
    AtomicInteger asked = new AtomicInteger();
    List<Route> routes =
        List.of(
            Route.get(
                "/slow",
                call -> {
                  asked.incrementAndGet();
                  return held;
                }),
            Route.open(
                "/health/live", call -> CompletableFuture.completedStage(Answer.accepted())));
    try (HttpServer server =
            new HttpServer(
                "127.0.0.1",
                0,
                2,
                routes,
                List.of(),
                Authentication.none(),
                new RateLimits(new RateLimits.Rates(null, null, null), Clock.system()),
                new ClientAddress(""),
                new SimpleMeterRegistry());
        HttpClient client = HttpClient.newHttpClient()) {
      URI slow = URI.create("http://127.0.0.1:" + server.port() + "/slow");
      List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        waiting.add(send(client, slow));
      }
      await().until(() -> asked.get() == 2);
      HttpResponse<String> turnedAway = send(client, slow).join();
      assertThat(turnedAway.statusCode()).isEqualTo(503);
      assertThat(turnedAway.headers().firstValue("Content-Type"))
          .hasValue("application/problem+json");
      assertThat(turnedAway.headers().firstValue("Retry-After")).hasValue("1");
      assertThat(send(client, slow.resolve("/health/live")).join().statusCode()).isEqualTo(202);
      held.complete(Answer.accepted());
      waiting.forEach(response -> assertThat(response.join().statusCode()).isEqualTo(202));
      await().until(() -> send(client, slow).join().statusCode() == 202);
    }
  }

  private static CompletableFuture<HttpResponse<String>> send(HttpClient client, URI uri) {
    return client.sendAsync(
        HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
