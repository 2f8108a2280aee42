package io.presence.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A stream of server-sent events, read as it comes. */
final class EventStream implements AutoCloseable {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  private final HttpResponse<InputStream> response;
  private final LiveView view = new LiveView();
  private final List<String> misnamed = new ArrayList<>();
  private final AtomicInteger comments = new AtomicInteger();
  private final Thread reader;

  private EventStream(HttpResponse<InputStream> response) {
    this.response = response;
    this.reader = Thread.ofVirtual().start(this::read);
  }

  /**
   * Opens a stream.
   *
   * @param query of the URL, such as {@code user_ids=ada}
   */
  static EventStream open(int port, String query) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/stream?" + query))
            .header("Accept", "text/event-stream")
            .build();
    HttpResponse<InputStream> response =
        HTTP.send(request, HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      throw new IOException("status " + response.statusCode());
    }
    return new EventStream(response);
  }

  LiveView view() {
    return view;
  }

  String contentType() {
    return response.headers().firstValue("Content-Type").orElse("");
  }

  int comments() {
    return comments.get();
  }

  /** The names of events that are not the type of the message. */
  synchronized List<String> misnamed() {
    return List.copyOf(misnamed);
  }

  boolean isClosed() {
    return !reader.isAlive();
  }

  @Override
  public void close() throws IOException {
    response.body().close();
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      String event = "message";
      StringBuilder data = new StringBuilder();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isEmpty()) {
          if (!data.isEmpty()) {
            dispatch(event, data.toString());
          }
          event = "message";
          data.setLength(0);
        } else if (line.startsWith(":")) {
          comments.incrementAndGet();
        } else if (line.startsWith("event:")) {
          event = line.substring("event:".length()).strip();
        } else if (line.startsWith("data:")) {
          data.append(line.substring("data:".length()).strip());
        }
      }
    } catch (IOException e) {
      // Closed, by one end or the other.
    }
  }

  private synchronized void dispatch(String event, String data) {
    JsonNode message = TopicReader.json(data.getBytes(StandardCharsets.UTF_8));
    if (!message.path("type").asText().equals(event)) {
      misnamed.add(event);
    }
    view.add(message);
  }
}
