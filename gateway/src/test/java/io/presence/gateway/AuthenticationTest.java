package io.presence.gateway;

import static io.presence.gateway.WritesTest.assertProblem;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Who may do what. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AuthenticationTest {
  private static final String SECRET = "0123456789abcdef0123456789abcdef";

  private final AtomicReference<JWKSet> published = new AtomicReference<>(new JWKSet());
  private final AtomicInteger fetches = new AtomicInteger();
  private HttpServer keys;
  private RSAKey key;
  private TestGateway gateway;

  @BeforeAll
  void start() throws Exception {
    key = new RSAKeyGenerator(2048).keyID("k1").generate();
    published.set(new JWKSet(key.toPublicJWK()));
    keys = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    keys.createContext(
        "/keys",
        exchange -> {
          fetches.incrementAndGet();
          byte[] body = published.get().toString().getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    keys.start();
    gateway =
        TestGateway.start(
            Map.of(
                "PRESENCE_AUTH", "jwt",
                "PRESENCE_JWT_SECRET", SECRET,
                "PRESENCE_JWT_JWKS_URL",
                    "http://127.0.0.1:" + keys.getAddress().getPort() + "/keys",
                "PRESENCE_JWT_ISSUER", "issuer",
                "PRESENCE_JWT_AUDIENCE", "presence"),
            new FakeQueries());
  }

  @AfterAll
  void stop() {
    gateway.close();
    keys.stop(0);
  }

  @Test
  void shouldWantTokenForAllButOperators() throws Exception {
    HttpResponse<String> response = gateway.get("/v1/users/ada/presence?user_id=ada");
    assertProblem(response, 401);
    assertThat(response.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
    assertProblem(gateway.send("POST", "/v1/users/ada/heartbeat"), 401);
    for (String path : List.of("/health/live", "/metrics", "/openapi.yaml", "/docs")) {
      assertThat(gateway.get(path).statusCode()).as(path).isEqualTo(200);
    }
  }

  @Test
  void shouldLetUserWriteAndReadItsOwnOnly() throws Exception {
    String ada = token(claims("ada"));
    assertThat(status(ada, "POST", "/v1/users/ada/heartbeat")).isEqualTo(202);
    assertThat(status(ada, "PUT", "/v1/users/ada/contacts/bob")).isEqualTo(202);
    assertThat(status(ada, "GET", "/v1/users/ada/status")).isEqualTo(200);
    assertThat(status(ada, "GET", "/v1/users/ada/visibility")).isEqualTo(200);
    assertThat(status(ada, "GET", "/v1/users/ada/sessions")).isEqualTo(200);
    assertThat(status(ada, "GET", "/v1/users/ada/contacts")).isEqualTo(200);
    for (String path :
        List.of(
            "status",
            "visibility",
            "sessions",
            "contacts",
            "explain",
            "presence?requester_id=bob")) {
      assertThat(status(ada, "GET", "/v1/users/bob/" + path)).as(path).isEqualTo(403);
    }
    for (String path : List.of("heartbeat", "online", "offline")) {
      assertThat(status(ada, "POST", "/v1/users/bob/" + path)).as(path).isEqualTo(403);
    }
    assertThat(status(ada, "PUT", "/v1/users/bob/contacts/ada")).isEqualTo(403);
    assertThat(status(ada, "DELETE", "/v1/users/bob/contacts/ada")).isEqualTo(403);
    assertThat(status(ada, "DELETE", "/v1/users/bob/status")).isEqualTo(403);
    assertThat(status(ada, "GET", "/v1/users/ada/explain")).isEqualTo(403);
    assertThat(status(ada, "DELETE", "/v1/users/ada")).isEqualTo(403);
  }

  @Test
  void shouldReadAsTheTokenSays() throws Exception {
    String ada = token(claims("ada"));
    String bob = token(claims("bob"));
    String service = token(claims("backend").claim("scope", "openid presence:service"));
    String hidden = "/v1/users/hidden1/presence";
    assertThat(status(ada, "GET", hidden)).isEqualTo(200);
    assertThat(status(bob, "GET", hidden)).isEqualTo(404);
    assertThat(status(ada, "GET", hidden + "?requester_id=ada")).isEqualTo(200);
    assertThat(status(bob, "GET", hidden + "?requester_id=ada")).isEqualTo(403);
    assertThat(status(bob, "GET", "/v1/presence?user_ids=a&requester_id=ada")).isEqualTo(403);
    assertThat(status(service, "GET", hidden + "?requester_id=ada")).isEqualTo(200);
    assertThat(status(service, "GET", hidden)).isEqualTo(404);
    assertThat(status(bob, "GET", hidden + "?user_id=ada")).isEqualTo(404);
  }

  @Test
  void shouldKeepServiceAndAdminApart() throws Exception {
    String service = token(claims("backend").claim("scp", List.of("presence:service")));
    String admin = token(claims("root").claim("scope", "presence:admin"));
    assertThat(status(service, "PUT", "/v1/users/ada/contacts/bob")).isEqualTo(202);
    assertThat(status(service, "GET", "/v1/users/ada/status")).isEqualTo(200);
    assertThat(status(service, "GET", "/v1/users/ada/explain")).isEqualTo(403);
    assertThat(status(service, "DELETE", "/v1/users/ada")).isEqualTo(403);
    assertThat(status(admin, "GET", "/v1/users/ada/explain")).isEqualTo(200);
    assertThat(status(admin, "DELETE", "/v1/users/ada")).isEqualTo(202);
    assertThat(status(admin, "PUT", "/v1/users/ada/contacts/bob")).isEqualTo(403);
    assertThat(status(admin, "GET", "/v1/users/ada/status")).isEqualTo(403);
  }

  @Test
  void shouldNameEventsThatAreNotOnesOwn() throws Exception {
    String events =
        "{\"events\":[{\"type\":\"connected\",\"user_id\":\"ada\"},{\"type\":\"connected\",\"user_id\":\"bob\"},{\"type\":\"erased\",\"user_id\":\"ada\"}]}";
    gateway.written();
    HttpResponse<String> response =
        gateway.send(
            gateway
                .request("/v1/events")
                .header("Authorization", "Bearer " + token(claims("ada")))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(events)));
    assertThat(assertProblem(response, 403).get("errors").findValuesAsText("index"))
        .containsExactly("1", "2");
    assertThat(gateway.written()).isEmpty();
  }

  @Test
  void shouldTakeOnlyTokensThatAreInOrder() throws Exception {
    Instant now = Instant.now();
    assertRefused(token(claims("ada").expirationTime(Date.from(now.minusSeconds(31)))));
    assertAccepted(token(claims("ada").expirationTime(Date.from(now.minusSeconds(5)))));
    assertRefused(token(claims("ada").expirationTime(null)));
    assertRefused(token(claims("ada").notBeforeTime(Date.from(now.plusSeconds(300)))));
    assertRefused(token(claims("ada").issuer("other")));
    assertRefused(token(claims("ada").audience("other")));
    assertRefused(token(claims("a b")));
    assertRefused(token(claims(null)));
    assertRefused("garbage");
    assertRefused(new PlainJWT(claims("ada").build()).serialize());
    assertRefused(sign(claims("ada"), "another secret of thirty-two bytes".getBytes(UTF_8)));
    String[] parts = token(claims("ada")).split("\\.", -1);
    String[] other = token(claims("bob")).split("\\.", -1);
    assertRefused(parts[0] + "." + other[1] + "." + parts[2]);
  }

  @Test
  void shouldTakePublishedKeysAndNeverAsSharedSecret() throws Exception {
    assertAccepted(sign(claims("ada"), key));
    // The public key, which everyone knows, as if it were a shared secret.
    assertRefused(sign(claims("ada"), key.toRSAPublicKey().getEncoded()));
    RSAKey stranger = new RSAKeyGenerator(2048).keyID("k1").generate();
    assertRefused(sign(claims("ada"), stranger));
  }

  @Test
  void shouldFetchKeysAgainForUnknownOneButNotForEach() throws Exception {
    assertAccepted(sign(claims("ada"), key));
    RSAKey next = new RSAKeyGenerator(2048).keyID("k2").generate();
    published.set(new JWKSet(List.of(key.toPublicJWK(), next.toPublicJWK())));
    assertAccepted(sign(claims("ada"), next));
    int before = fetches.get();
    for (int i = 0; i < 20; i++) {
      RSAKey unknown = new RSAKey.Builder(next).keyID("unknown" + i).build();
      assertRefused(sign(claims("ada"), unknown));
    }
    assertThat(fetches.get() - before).isLessThanOrEqualTo(2);
    assertAccepted(sign(claims("ada"), next));
  }

  @Test
  void shouldLimitWritesOfOneButNotItsHeartbeats() throws Exception {
    try (TestGateway limited =
        TestGateway.start(Map.of("PRESENCE_WRITE_RATE", "1"), new FakeQueries())) {
      for (int i = 0; i < 10; i++) {
        assertThat(limited.send("POST", "/v1/users/ada/online?user_id=ada").statusCode())
            .isEqualTo(202);
      }
      HttpResponse<String> refused = limited.send("POST", "/v1/users/ada/online?user_id=ada");
      assertProblem(refused, 429);
      assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
      assertThat(limited.send("POST", "/v1/users/ada/heartbeat?user_id=ada").statusCode())
          .isEqualTo(202);
      assertThat(limited.send("POST", "/v1/users/bob/online?user_id=bob").statusCode())
          .isEqualTo(202);
    }
  }

  @Test
  void shouldTakeUserOfQueryForTokenWithoutAuthentication() throws Exception {
    try (TestGateway open = TestGateway.start(Map.of(), new FakeQueries())) {
      assertThat(open.get("/v1/users/ada/explain").statusCode()).isEqualTo(200);
      assertThat(open.get("/v1/users/ada/explain?user_id=ada").statusCode()).isEqualTo(403);
      assertThat(open.get("/v1/users/ada/status?user_id=bob").statusCode()).isEqualTo(403);
      assertThat(open.get("/v1/users/hidden1/presence?user_id=ada").statusCode()).isEqualTo(200);
      assertThat(open.get("/v1/users/hidden1/presence").statusCode()).isEqualTo(404);
      assertProblem(open.get("/v1/users/ada/presence?user_id=a%20b"), 400);
    }
  }

  private void assertAccepted(String token) throws Exception {
    assertThat(status(token, "GET", "/v1/users/ada/status")).isEqualTo(200);
  }

  private void assertRefused(String token) throws Exception {
    assertThat(status(token, "GET", "/v1/users/ada/status")).isEqualTo(401);
  }

  private int status(String token, String method, String path) throws Exception {
    return gateway
        .send(
            gateway
                .request(path)
                .header("Authorization", "Bearer " + token)
                .method(method, HttpRequest.BodyPublishers.noBody()))
        .statusCode();
  }

  private static JWTClaimsSet.Builder claims(@Nullable String subject) {
    return new JWTClaimsSet.Builder()
        .subject(subject)
        .issuer("issuer")
        .audience("presence")
        .expirationTime(Date.from(Instant.now().plusSeconds(60)));
  }

  private static String token(JWTClaimsSet.Builder claims) throws JOSEException {
    return sign(claims, SECRET.getBytes(UTF_8));
  }

  private static String sign(JWTClaimsSet.Builder claims, byte[] secret) throws JOSEException {
    SignedJWT jwt = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), claims.build());
    jwt.sign(new MACSigner(secret));
    return jwt.serialize();
  }

  private static String sign(JWTClaimsSet.Builder claims, RSAKey key) throws JOSEException {
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).build(),
            claims.build());
    jwt.sign(new RSASSASigner(key));
    return jwt.serialize();
  }
}
