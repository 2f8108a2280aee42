package io.presence.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.presence.schemas.settings.InvalidSettingException;
import java.net.http.HttpResponse;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What operators and readers of the API see. */
final class OperatorsTest {
  private static final Set<String> VERBS = Set.of("get", "put", "post", "delete", "patch");

  private final TestGateway gateway = TestGateway.start(Map.of(), new FakeQueries());

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void shouldHaveRoutesThatDescriptionNamesAndNoOthers() throws Exception {
    JsonNode description =
        new YAMLMapper().readTree(OperatorsTest.class.getResourceAsStream("/openapi.yaml"));
    Set<String> described = new TreeSet<>();
    description
        .get("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        verb -> {
                          if (VERBS.contains(verb)) {
                            described.add(verb.toUpperCase(Locale.ROOT) + " " + path.getKey());
                          }
                        }));
    Set<String> routes = new TreeSet<>();
    gateway.gateway.routes().forEach(r -> routes.add(r.method().name() + " " + r.path()));
    assertThat(routes).isEqualTo(described);
  }

  @Test
  void shouldTellHealth() throws Exception {
    assertThat(gateway.get("/health/live").statusCode()).isEqualTo(200);
    assertThat(gateway.get("/health/ready").statusCode()).isEqualTo(200);
    gateway.kafkaReachable.set(false);
    assertThat(gateway.get("/health/ready").statusCode()).isEqualTo(503);
    assertThat(gateway.get("/health/live").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldCountRequestsByRoute() throws Exception {
    gateway.get("/v1/users/ada/status?user_id=ada");
    gateway.get("/v1/users/eve/nothing");
    await()
        .untilAsserted(
            () ->
                assertThat(gateway.get("/metrics").body())
                    .contains(
                        "presence_http_requests_seconds_count{method=\"GET\",route=\"/v1/users/{id}/status\",status=\"200\"} 1")
                    .contains("route=\"-\",status=\"404\"")
                    .contains("jvm_memory_used_bytes")
                    .contains("presence_http_under_way 1")
                    .doesNotContain("ada"));
  }

  @Test
  void shouldServeDescriptionAndPage() throws Exception {
    HttpResponse<String> description = gateway.get("/openapi.yaml");
    assertThat(description.statusCode()).isEqualTo(200);
    assertThat(description.body()).startsWith("openapi: 3.1");
    HttpResponse<String> page = gateway.get("/docs");
    assertThat(page.headers().firstValue("Content-Type").orElse("")).startsWith("text/html");
    for (String asset :
        new String[] {"/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"}) {
      assertThat(page.body()).contains(asset);
      assertThat(gateway.get(asset).statusCode()).as(asset).isEqualTo(200);
    }
    assertThat(page.body()).doesNotContain("http://").doesNotContain("https://");
  }

  @Test
  void shouldServeDescriptionOfTopicsAndSocketsWithAllThatItRefersTo() throws Exception {
    HttpResponse<String> description = gateway.get("/asyncapi.yaml");
    assertThat(description.statusCode()).isEqualTo(200);
    assertThat(description.body()).startsWith("asyncapi: 3");
    Set<String> files = new TreeSet<>(Set.of("schemas/common.json", "schemas/presence.json"));
    for (String reference :
        new YAMLMapper().readTree(description.body()).findValuesAsText("$ref")) {
      if (!reference.startsWith("#")) {
        files.add(reference.replaceFirst("#.*", ""));
      }
    }
    assertThat(files).hasSizeGreaterThan(5);
    for (String file : files) {
      HttpResponse<String> schema = gateway.get("/" + file);
      assertThat(schema.statusCode()).as(file).isEqualTo(200);
      assertThat(schema.body()).as(file).contains("\"$schema\"");
    }
  }

  @Test
  void shouldNotListenBeyondLoopbackWithoutAuthentication() {
    Map<String, String> open = Map.of("PRESENCE_HTTP_HOST", "0.0.0.0");
    assertThatThrownBy(() -> GatewaySettings.authentication(open))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("PRESENCE_HTTP_HOST=0.0.0.0")
        .hasMessageContaining("PRESENCE_AUTH_NONE_ANYWHERE");
    assertThat(
            GatewaySettings.authentication(
                Map.of("PRESENCE_HTTP_HOST", "0.0.0.0", "PRESENCE_AUTH_NONE_ANYWHERE", "true")))
        .isNotNull();
  }

  @Test
  void shouldNameWhatAuthenticationLacks() {
    assertThatThrownBy(() -> GatewaySettings.authentication(Map.of("PRESENCE_AUTH", "jwt")))
        .hasMessageContaining("PRESENCE_JWT_SECRET or PRESENCE_JWT_JWKS_URL");
    assertThatThrownBy(
            () ->
                GatewaySettings.authentication(
                    Map.of("PRESENCE_AUTH", "jwt", "PRESENCE_JWT_SECRET", "short")))
        .hasMessageContaining("32 bytes")
        .hasMessageNotContaining("short");
    assertThatThrownBy(
            () -> GatewaySettings.addresses(Map.of("PRESENCE_TRUSTED_PROXIES", "proxy.example")))
        .hasMessageContaining("PRESENCE_TRUSTED_PROXIES");
  }

  @Test
  void shouldLimitOnlyWhereAskedOrAuthenticated() {
    assertThat(GatewaySettings.rates(Map.of()).writes()).isNull();
    assertThat(GatewaySettings.rates(Map.of("PRESENCE_WRITE_RATE", "3")).writes()).isEqualTo(3);
    assertThat(GatewaySettings.rates(Map.of("PRESENCE_AUTH", "jwt")).writes()).isEqualTo(50);
    assertThat(GatewaySettings.rates(Map.of("PRESENCE_AUTH", "jwt")).lookups()).isEqualTo(2_000);
    assertThat(GatewaySettings.rates(Map.of("PRESENCE_AUTH", "jwt")).requests()).isEqualTo(1_000);
  }
}
