package io.presence.gateway.socket;

import io.presence.gateway.auth.Authentication;
import io.presence.gateway.auth.ForbiddenException;
import io.presence.gateway.auth.Identity;
import io.presence.gateway.auth.KeysUnavailableException;
import io.presence.gateway.auth.UnauthorizedException;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Who wants in. Browsers cannot send headers with a socket, so the token may be in the query.
 *
 * @param requester as whom the caller sees; null: a stranger
 * @param userIds the parameter {@code user_ids}; null if it is absent
 */
record Caller(Identity identity, @Nullable String requester, @Nullable String userIds) {
  static Caller of(Request request, Authentication authentication)
      throws UnauthorizedException,
          KeysUnavailableException,
          ForbiddenException,
          InvalidJsonException {
    var query = Request.extractQueryParameters(request);
    String token = Authentication.bearer(request.getHeaders().get(HttpHeader.AUTHORIZATION));
    Identity identity =
        authentication.authenticate(
            token == null ? query.getValue("access_token") : token, query.getValue("user_id"));
    String requester = query.getValue("requester_id");
    return new Caller(
        identity,
        identity.readsAs(requester == null ? null : Fields.checkId("requester_id", requester)),
        query.getValue("user_ids"));
  }
}
