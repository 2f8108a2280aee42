package io.presence.gateway.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSKeySelector;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.presence.schemas.json.Fields;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signed tokens (JWT): HS256 by a shared secret, RS, PS and ES by the keys of a JWKS URL. Which
 * kind of key verifies is decided by the algorithm, among those named here, and never by the key: a
 * public key is no shared secret, and {@code none} is no algorithm.
 *
 * <p>Keys are kept for five minutes, and fetched again for a key id that is not among them, twice
 * per interval at most; while they cannot be fetched, the old ones serve for an hour.
 */
public final class JwtAuthentication implements Authentication {
  /** The scope of those who write for anyone. */
  public static final String SERVICE = "presence:service";

  /** The scope of those who explain and erase. */
  public static final String ADMIN = "presence:admin";

  /** The fewest bytes of a shared secret. */
  public static final int MIN_SECRET_BYTES = 32;

  private static final Duration CLOCK_SKEW = Duration.ofSeconds(30);
  private static final Set<JWSAlgorithm> PUBLIC_KEY_ALGORITHMS =
      Set.of(
          JWSAlgorithm.RS256,
          JWSAlgorithm.RS384,
          JWSAlgorithm.RS512,
          JWSAlgorithm.PS256,
          JWSAlgorithm.PS384,
          JWSAlgorithm.PS512,
          JWSAlgorithm.ES256,
          JWSAlgorithm.ES384,
          JWSAlgorithm.ES512);

  private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();

  /**
   * @param secret the shared secret; null: HS256 is not taken
   * @param jwks where public keys are; null: they are not taken
   * @param refetchInterval the keys are fetched twice in so long at most
   * @param issuer the {@code iss} that a token must have; null: any
   * @param audience an {@code aud} that a token must have; null: any
   */
  public JwtAuthentication(
      @Nullable String secret,
      @Nullable URL jwks,
      Duration refetchInterval,
      @Nullable String issuer,
      @Nullable String audience) {
    if (secret == null && jwks == null) {
      throw new IllegalArgumentException("neither a secret nor a URL of keys");
    }
    SecretKeySpec shared = secret == null ? null : key(secret);
    JWSKeySelector<SecurityContext> published =
        jwks == null ? null : published(jwks, refetchInterval);
    processor.setJWSKeySelector(
        (header, context) -> {
          if (shared != null && JWSAlgorithm.HS256.equals(header.getAlgorithm())) {
            return List.of(shared);
          }
          return published == null ? List.of() : published.selectJWSKeys(header, context);
        });
    processor.setJWSTypeVerifier(
        new DefaultJOSEObjectTypeVerifier<>(
            JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
    DefaultJWTClaimsVerifier<SecurityContext> claims =
        new DefaultJWTClaimsVerifier<>(
            audience,
            issuer == null ? null : new JWTClaimsSet.Builder().issuer(issuer).build(),
            Set.of("exp"));
    claims.setMaxClockSkew((int) CLOCK_SKEW.toSeconds());
    processor.setJWTClaimsSetVerifier(claims);
  }

  @Override
  public Identity authenticate(@Nullable String token, @Nullable String userId)
      throws UnauthorizedException, KeysUnavailableException {
    if (token == null) {
      throw new UnauthorizedException("a bearer token is needed");
    }
    JWTClaimsSet claims = verify(token);
    Set<String> scopes = scopes(claims);
    boolean service = scopes.contains(SERVICE);
    boolean admin = scopes.contains(ADMIN);
    String subject = claims.getSubject();
    Instant until = claims.getExpirationTime().toInstant().plus(CLOCK_SKEW);
    ChannelRights channels =
        service ? ChannelRights.ALL : ChannelRights.of(claims.getClaim("channels"));
    if (subject != null && Fields.isId(subject)) {
      return new Identity(subject, subject, service, admin, channels, until);
    }
    if (!service && !admin) {
      throw new UnauthorizedException("the token's sub is not an id");
    }
    return new Identity(null, subject == null ? SERVICE : subject, service, admin, channels, until);
  }

  private JWTClaimsSet verify(String token) throws UnauthorizedException, KeysUnavailableException {
    try {
      return processor.process(SignedJWT.parse(token), null);
    } catch (ParseException e) {
      throw new UnauthorizedException("the token is not a signed JWT");
    } catch (RateLimitReachedException e) {
      throw new UnauthorizedException("the token's key is not known");
    } catch (KeySourceException e) {
      throw new KeysUnavailableException(e);
    } catch (BadJOSEException e) {
      throw new UnauthorizedException("the token is not accepted: " + e.getMessage());
    } catch (JOSEException e) {
      throw new UnauthorizedException("the token cannot be verified");
    }
  }

  private static JWSKeySelector<SecurityContext> published(URL jwks, Duration refetchInterval) {
    return new JWSVerificationKeySelector<>(
        PUBLIC_KEY_ALGORITHMS,
        JWKSourceBuilder.create(jwks, new DefaultResourceRetriever(2_000, 2_000, 512 * 1024))
            .cache(Duration.ofMinutes(5).toMillis(), Duration.ofSeconds(5).toMillis())
            .rateLimited(refetchInterval.toMillis())
            .refreshAheadCache(false)
            .outageTolerant(Duration.ofHours(1).toMillis())
            .build());
  }

  private static SecretKeySpec key(String secret) {
    byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
    if (bytes.length < MIN_SECRET_BYTES) {
      throw new IllegalArgumentException(
          "expected a secret of at least "
              + MIN_SECRET_BYTES
              + " bytes, got one of "
              + bytes.length);
    }
    return new SecretKeySpec(bytes, "HmacSHA256");
  }

  private static Set<String> scopes(JWTClaimsSet claims) {
    Set<String> scopes = new HashSet<>();
    for (String name : List.of("scope", "scp")) {
      switch (claims.getClaim(name)) {
        case String text -> scopes.addAll(Arrays.asList(text.split(" ", -1)));
        case List<?> list -> list.forEach(scope -> scopes.add(String.valueOf(scope)));
        case null, default -> {}
      }
    }
    return scopes;
  }
}
