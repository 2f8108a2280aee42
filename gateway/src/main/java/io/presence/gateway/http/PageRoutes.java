package io.presence.gateway.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The page at {@code /}, on which people see each other, and the browser client that it uses. The
 * page may load and reach nothing but this gateway. A browser asks again each time, so that an
 * upgrade shows at once.
 */
public final class PageRoutes {
  private static final String HTML = "text/html; charset=utf-8";
  private static final String SCRIPT = "text/javascript; charset=utf-8";
  private static final Map<String, String> HEADERS =
      Map.of(
          "Cache-Control", "no-cache",
          "X-Content-Type-Options", "nosniff",
          "Referrer-Policy", "no-referrer",
          // 'self' covers the sockets of the same host and port, too.
          "Content-Security-Policy",
              "default-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none';"
                  + " form-action 'self'; frame-ancestors 'none'");

  /** Pages elsewhere may load the client, too: which of them may connect is for the sockets. */
  private static final Map<String, String> SHARED =
      Map.of(
          "Cache-Control", "no-cache",
          "X-Content-Type-Options", "nosniff",
          "Access-Control-Allow-Origin", "*");

  private final byte[] config;

  /**
   * @param auth how one signs in, {@code PRESENCE_AUTH}
   */
  public PageRoutes(String auth) {
    this.config = "{\"auth\":\"%s\"}".formatted(auth).getBytes(UTF_8);
  }

  /** The page and what it is made of. */
  public List<Route> routes() {
    return List.of(
        file("/", HTML, "index.html"),
        file("/page/page.css", "text/css; charset=utf-8", "page.css"),
        file("/page/page.js", SCRIPT, "page.js"),
        file("/page/icon.svg", "image/svg+xml", "icon.svg"),
        route("/presence-client.js", SCRIPT, read("presence-client.js"), SHARED),
        route("/page/config.json", "application/json", config, HEADERS));
  }

  private static Route file(String path, String type, String name) {
    return route(path, type, read(name), HEADERS);
  }

  private static byte[] read(String name) {
    String resource = "/page/" + name;
    try (InputStream in = PageRoutes.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(resource + " is not part of this build");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + resource, e);
    }
  }

  private static Route route(
      String path, String type, byte[] content, Map<String, String> headers) {
    Answer answer = new Answer(200, type, content, headers);
    return Route.open(path, call -> CompletableFuture.completedStage(answer));
  }
}
