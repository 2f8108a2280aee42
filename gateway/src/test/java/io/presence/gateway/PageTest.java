package io.presence.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page as it is served. What it does is seen in a browser, by the end-to-end tests. */
final class PageTest {
  private static final Pattern LOADED =
      Pattern.compile("(?:src|href|from|fetch\\()[= ]*[\"'](/[^\"']+)");

  @Test
  void shouldServeThePageAndAllThatItLoads() throws Exception {
    try (TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries())) {
      HttpResponse<String> page = gateway.get("/");
      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(header(page, "Content-Type")).startsWith("text/html");
      String script = gateway.get("/page/page.js").body();
      Matcher loaded = LOADED.matcher(page.body() + script);
      int found = 0;
      while (loaded.find()) {
        HttpResponse<String> part = gateway.get(loaded.group(1));
        assertThat(part.statusCode()).as(loaded.group(1)).isEqualTo(200);
        found++;
      }
      assertThat(found).isGreaterThanOrEqualTo(5);
    }
  }

  @Test
  void shouldLetThePageLoadNothingFromElsewhere() throws Exception {
    try (TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries())) {
      HttpResponse<String> page = gateway.get("/");
      assertThat(header(page, "Content-Security-Policy"))
          .contains("default-src 'self'", "connect-src 'self'", "frame-ancestors 'none'")
          .doesNotContain("unsafe");
      assertThat(header(page, "X-Content-Type-Options")).isEqualTo("nosniff");
      for (String part : new String[] {"/", "/page/page.css", "/page/page.js"}) {
        assertThat(gateway.get(part).body().replace("http://www.w3.org/2000/svg", ""))
            .as(part)
            .doesNotContain("http://", "https://", "style=\"", "innerHTML");
      }
    }
  }

  @Test
  void shouldShowAnUpgradeAtOnce() throws Exception {
    try (TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries())) {
      for (String part : new String[] {"/", "/page/page.js", "/presence-client.js"}) {
        assertThat(header(gateway.get(part), "Cache-Control")).as(part).isEqualTo("no-cache");
      }
    }
  }

  @Test
  void shouldServeTheClientAsItIsPublished() throws Exception {
    try (TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries())) {
      assertThat(gateway.get("/presence-client.js").body())
          .isEqualTo(Files.readString(Path.of("../clients/javascript/src/presence-client.js")));
    }
  }

  @Test
  void shouldLetPagesElsewhereLoadTheClientAndNothingElse() throws Exception {
    try (TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries())) {
      assertThat(header(gateway.get("/presence-client.js"), "Access-Control-Allow-Origin"))
          .isEqualTo("*");
      for (String part : new String[] {"/", "/page/page.js", "/page/config.json"}) {
        assertThat(header(gateway.get(part), "Access-Control-Allow-Origin")).as(part).isEmpty();
      }
    }
  }

  @Test
  void shouldTellHowToSignIn() throws Exception {
    try (TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries())) {
      assertThat(gateway.get("/page/config.json").body()).isEqualTo("{\"auth\":\"none\"}");
    }
    Map<String, String> jwt =
        Map.of("PRESENCE_AUTH", "jwt", "PRESENCE_JWT_SECRET", "of thirty-two bytes at the least");
    try (TestGateway gateway = TestGateway.start(jwt, new FakeQueries())) {
      assertThat(gateway.get("/page/config.json").body()).isEqualTo("{\"auth\":\"jwt\"}");
    }
  }

  private static String header(HttpResponse<String> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }
}
