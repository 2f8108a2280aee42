package io.presence.cluster;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The gateways as a load balancer shows them: who cannot be connected to is passed over. */
record Gateways(List<Integer> ports) {
  private static final Duration TIMEOUT = Duration.ofSeconds(8);
  static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();

  /** An answer. */
  record Answer(int status, byte[] body) {}

  /**
   * Asks one of them, the one at {@code first} if it is there.
   *
   * @return empty if there was no answer: what was asked for may have happened or not
   */
  Optional<Answer> send(int first, String method, String path, String body)
      throws InterruptedException {
    for (int i = 0; i < ports.size(); i++) {
      int port = ports.get((first + i) % ports.size());
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
              .timeout(TIMEOUT)
              .header("Content-Type", "application/json")
              .method(
                  method,
                  body.isEmpty()
                      ? BodyPublishers.noBody()
                      : BodyPublishers.ofString(body, StandardCharsets.UTF_8))
              .build();
      try {
        HttpResponse<byte[]> response = HTTP.send(request, HttpResponse.BodyHandlers.ofByteArray());
        return Optional.of(new Answer(response.statusCode(), response.body()));
      } catch (HttpTimeoutException e) {
        return Optional.empty();
      } catch (IOException e) {
        // The next one, then.
      }
    }
    return Optional.empty();
  }
}
