package io.presence.gateway.auth;

import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import org.jspecify.annotations.Nullable;

/** Tells who is calling. It may wait for keys from elsewhere. */
public interface Authentication {

  /**
   * @param token the bearer token; null if there was none
   * @param userId the {@code user_id} of the query; null if there was none
   * @throws InvalidJsonException if an id that counts is none
   */
  Identity authenticate(@Nullable String token, @Nullable String userId)
      throws UnauthorizedException, KeysUnavailableException, InvalidJsonException;

  /** The bearer token in a header {@code Authorization}; null if there is none. */
  static @Nullable String bearer(@Nullable String authorization) {
    String scheme = "Bearer ";
    return authorization != null && authorization.regionMatches(true, 0, scheme, 0, scheme.length())
        ? authorization.substring(scheme.length()).strip()
        : null;
  }

  /** Takes everyone for whom they say they are; one who says nothing is service and admin. */
  static Authentication none() {
    return (token, userId) -> {
      if (userId == null) {
        return new Identity(null, "anyone", true, true);
      }
      Fields.checkId("user_id", userId);
      return new Identity(userId, userId, false, false);
    };
  }
}
