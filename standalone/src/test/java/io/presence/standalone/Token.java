package io.presence.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Bearer tokens as an identity provider gives them. */
final class Token {
  static final String SECRET = "an-identity-provider-has-this-one";

  private Token() {}

  /** A token of a user that is good for so long. */
  static String of(String userId, Duration validity) {
    return of(userId, "", validity, SECRET);
  }

  static String of(String userId, String scope, Duration validity, String secret) {
    return sign(
        "{\"sub\":\"%s\",\"scope\":\"%s\",\"exp\":%d}"
            .formatted(userId, scope, Instant.now().plus(validity).getEpochSecond()),
        secret);
  }

  /** A token of a user with rights to channels, as JSON. */
  static String withChannels(String userId, String channels, Duration validity) {
    return sign(
        "{\"sub\":\"%s\",\"channels\":%s,\"exp\":%d}"
            .formatted(userId, channels, Instant.now().plus(validity).getEpochSecond()),
        SECRET);
  }

  private static String sign(String claims, String secret) {
    String signed = base64("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + "." + base64(claims);
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
      return signed + "." + encoder().encodeToString(mac.doFinal(signed.getBytes(UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String base64(String text) {
    return encoder().encodeToString(text.getBytes(UTF_8));
  }

  private static Base64.Encoder encoder() {
    return Base64.getUrlEncoder().withoutPadding();
  }
}
