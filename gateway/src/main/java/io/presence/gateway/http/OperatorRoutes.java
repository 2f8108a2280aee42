package io.presence.gateway.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Health, metrics and the documents of the API. */
public final class OperatorRoutes {
  private static final String SWAGGER = "/META-INF/resources/webjars/swagger-ui/";
  private static final String SWAGGER_POM = "/META-INF/maven/org.webjars/swagger-ui/pom.properties";
  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Presence API</title>
      <link rel="stylesheet" href="/docs/swagger-ui.css">
      </head>
      <body>
      <div id="api"></div>
      <script src="/docs/swagger-ui-bundle.js"></script>
      <script src="/docs/start.js"></script>
      </body>
      </html>
      """;
  private static final String START =
      "SwaggerUIBundle({url: '/openapi.yaml', dom_id: '#api', validatorUrl: null});\n";
  private static final List<String> SCHEMAS =
      List.of(
          "channel-changes",
          "channel-cursors",
          "channel-events",
          "common",
          "presence",
          "presence-changes",
          "presence-events",
          "presence-sessions",
          "presence-state",
          "socket-client",
          "socket-server");
  private static final Map<String, String> CACHED = Map.of("Cache-Control", "max-age=3600");
  private static final Map<String, String> CONFINED =
      Map.of(
          "Content-Security-Policy",
          "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
              + " frame-ancestors 'none'");

  private final BooleanSupplier ready;
  private final Supplier<String> metrics;

  /**
   * @param ready whether Kafka can be reached and it is known who owns what; it may wait a little
   * @param metrics the metrics in Prometheus's text format
   */
  public OperatorRoutes(BooleanSupplier ready, Supplier<String> metrics) {
    this.ready = ready;
    this.metrics = metrics;
  }

  /** The routes that the API's description names. */
  public List<Route> routes() {
    return List.of(
        open("/health/live", () -> health(true)),
        open("/health/ready", () -> health(ready.getAsBoolean())),
        open(
            "/metrics",
            () ->
                new Answer(
                    200,
                    "text/plain; version=0.0.4; charset=utf-8",
                    metrics.get().getBytes(UTF_8),
                    Map.of())),
        document("/openapi.yaml", "application/yaml", resource("/openapi.yaml"), CACHED),
        document("/asyncapi.yaml", "application/yaml", resource("/asyncapi.yaml"), CACHED),
        document("/docs", "text/html; charset=utf-8", PAGE.getBytes(UTF_8), CONFINED));
  }

  /** What the page at {@code /docs} is made of, and what {@code /asyncapi.yaml} refers to. */
  public List<Route> assets() {
    String version = SWAGGER + version() + "/";
    Stream<Route> schemas =
        SCHEMAS.stream()
            .map(name -> "/schemas/" + name + ".json")
            .map(path -> document(path, "application/schema+json", resource(path), CACHED));
    return Stream.concat(page(version).stream(), schemas).toList();
  }

  private static List<Route> page(String version) {
    return List.of(
        document("/docs/swagger-ui.css", "text/css", resource(version + "swagger-ui.css"), CACHED),
        document(
            "/docs/swagger-ui-bundle.js",
            "text/javascript",
            resource(version + "swagger-ui-bundle.js"),
            CACHED),
        document("/docs/start.js", "text/javascript", START.getBytes(UTF_8), CACHED));
  }

  private static Answer health(boolean healthy) {
    String body = healthy ? "{\"status\":\"up\"}" : "{\"status\":\"down\"}";
    return new Answer(healthy ? 200 : 503, "application/json", body.getBytes(UTF_8), Map.of());
  }

  private static Route open(String path, Supplier<Answer> answer) {
    return Route.open(path, call -> CompletableFuture.completedStage(answer.get()));
  }

  private static Route document(
      String path, String type, byte @Nullable [] content, Map<String, String> headers) {
    return open(
        path,
        () ->
            content == null
                ? Answer.problem(404, path + " is not part of this build")
                : new Answer(200, type, content, headers));
  }

  private static String version() {
    Properties properties = new Properties();
    try (InputStream in = OperatorRoutes.class.getResourceAsStream(SWAGGER_POM)) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + SWAGGER_POM, e);
    }
    return properties.getProperty("version", "");
  }

  private static byte @Nullable [] resource(String name) {
    try (InputStream in = OperatorRoutes.class.getResourceAsStream(name)) {
      return in == null ? null : in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + name, e);
    }
  }
}
