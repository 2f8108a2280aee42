package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Calls one gateway. */
record Client(int port) {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  /** An answer. */
  record Answer(int status, String text, HttpResponse<byte[]> response) {
    JsonNode json() {
      return TopicReader.json(response.body());
    }

    String contentType() {
      return response.headers().firstValue("Content-Type").orElse("");
    }

    Answer is(int wanted) {
      assertThat(status).as(text).isEqualTo(wanted);
      return this;
    }
  }

  Answer get(String path) {
    return send("GET", path, null);
  }

  Answer delete(String path) {
    return send("DELETE", path, null);
  }

  /** Quotes in {@code body} are single ones. */
  Answer post(String path, String body) {
    return send("POST", path, body.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  /** Quotes in {@code body} are single ones. */
  Answer put(String path, String body) {
    return send("PUT", path, body.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  /** Looks up many at once, as a stranger if {@code requester} is null. */
  JsonNode lookup(@Nullable String requester, Collection<String> ids) {
    String list = ids.stream().map(id -> "'" + id + "'").collect(Collectors.joining(","));
    String body =
        requester == null
            ? "{'user_ids':[" + list + "]}"
            : "{'user_ids':[" + list + "],'requester_id':'" + requester + "'}";
    return post("/v1/presence/query", body).is(200).json();
  }

  Answer send(String method, String path, byte @Nullable [] body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Duration.ofSeconds(20));
    if (body == null) {
      request.method(method, BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", "application/json")
          .method(method, BodyPublishers.ofByteArray(body));
    }
    try {
      HttpResponse<byte[]> response =
          HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
      return new Answer(
          response.statusCode(), new String(response.body(), StandardCharsets.UTF_8), response);
    } catch (IOException e) {
      throw new IllegalStateException(method + " " + path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(method + " " + path, e);
    }
  }
}
