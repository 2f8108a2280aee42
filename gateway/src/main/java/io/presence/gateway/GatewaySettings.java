package io.presence.gateway;

import io.presence.gateway.auth.Authentication;
import io.presence.gateway.auth.JwtAuthentication;
import io.presence.gateway.limit.ClientAddress;
import io.presence.gateway.limit.RateLimits;
import io.presence.gateway.live.ChannelFanout;
import io.presence.gateway.socket.Origins;
import io.presence.gateway.socket.SocketRules;
import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.settings.Setting;
import io.presence.schemas.settings.Settings;
import java.net.InetAddress;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the settings of a gateway mean together. */
final class GatewaySettings {
  private static final int WRITE_RATE = 50;
  private static final int LOOKUP_RATE = 2_000;
  private static final int ADDRESS_RATE = 1_000;
  private static final Duration REFETCH_INTERVAL = Duration.ofSeconds(30);
  private static final Duration LONGEST_GRACE = Duration.ofSeconds(10);
  private static final Duration LONGEST_FLUSH = Duration.ofSeconds(1);

  private GatewaySettings() {}

  static Authentication authentication(Map<String, String> environment) {
    if (!isJwt(environment)) {
      checkBinding(environment);
      return Authentication.none();
    }
    String secret = Settings.JWT_SECRET.find(environment);
    URL jwks = url(environment, Settings.JWT_JWKS_URL);
    if (secret == null && jwks == null) {
      throw new InvalidSettingException(
          "%s=jwt: needs %s or %s"
              .formatted(
                  Settings.AUTH.name(), Settings.JWT_SECRET.name(), Settings.JWT_JWKS_URL.name()));
    }
    try {
      return new JwtAuthentication(
          secret,
          jwks,
          REFETCH_INTERVAL,
          Settings.JWT_ISSUER.find(environment),
          Settings.JWT_AUDIENCE.find(environment));
    } catch (IllegalArgumentException e) {
      throw new InvalidSettingException(Settings.JWT_SECRET.name() + ": " + e.getMessage());
    }
  }

  static RateLimits.Rates rates(Map<String, String> environment) {
    boolean jwt = isJwt(environment);
    return new RateLimits.Rates(
        rate(environment, Settings.WRITE_RATE, jwt, WRITE_RATE),
        rate(environment, Settings.LOOKUP_RATE, jwt, LOOKUP_RATE),
        rate(environment, Settings.ADDRESS_RATE, jwt, ADDRESS_RATE));
  }

  static SocketRules sockets(Map<String, String> environment) {
    Duration ttl = Settings.HEARTBEAT_TTL.get(environment);
    return new SocketRules(
        ttl,
        Settings.AWAY_AFTER.get(environment),
        Settings.CHANNEL_TTL.get(environment),
        Settings.CHANNELS_PER_SOCKET.get(environment),
        Settings.RECONNECT_GRACE.getOrElse(environment, smaller(LONGEST_GRACE, ttl.dividedBy(3))),
        Settings.HEARTBEAT_FLUSH.getOrElse(environment, smaller(LONGEST_FLUSH, ttl.dividedBy(6))),
        Settings.MAX_SOCKETS.get(environment),
        Settings.SOCKETS_PER_USER.get(environment),
        Settings.MESSAGE_RATE.get(environment));
  }

  static ChannelFanout.Gathering gathering(Map<String, String> environment) {
    return new ChannelFanout.Gathering(
        Settings.CHANNEL_GATHER_ABOVE.get(environment), Settings.CHANNEL_GATHER.get(environment));
  }

  static boolean byInterest(Map<String, String> environment) {
    return Settings.DELIVERY.get(environment).equals("interest");
  }

  /** What the names of this gateway begin with, and no other's. */
  static String root() {
    return "g" + Long.toString(new SecureRandom().nextLong() >>> 8, Character.MAX_RADIX);
  }

  static Origins origins(Map<String, String> environment) {
    String list = Settings.ALLOWED_ORIGINS.find(environment);
    if (list != null) {
      return Origins.of(list);
    }
    return isJwt(environment) ? Origins.any() : Origins.near();
  }

  static ClientAddress addresses(Map<String, String> environment) {
    String proxies = Settings.TRUSTED_PROXIES.find(environment);
    try {
      return new ClientAddress(proxies == null ? "" : proxies);
    } catch (IllegalArgumentException e) {
      throw new InvalidSettingException(
          Settings.TRUSTED_PROXIES.name()
              + ": expected addresses or networks such as 10.0.0.0/8, with commas between; "
              + e.getMessage());
    }
  }

  private static Duration smaller(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private static boolean isJwt(Map<String, String> environment) {
    return Settings.AUTH.get(environment).equals("jwt");
  }

  private static @Nullable Integer rate(
      Map<String, String> environment, Setting<Integer> setting, boolean limited, int standard) {
    Integer set = setting.find(environment);
    return set != null || !limited ? set : Integer.valueOf(standard);
  }

  private static void checkBinding(Map<String, String> environment) {
    String host = Settings.HTTP_HOST.get(environment);
    if (Settings.AUTH_NONE_ANYWHERE.get(environment) || isLoopback(host)) {
      return;
    }
    throw new InvalidSettingException(
        "%s=%s: with %s=none everyone is who they say they are, so it listens on loopback only; set %s=jwt, or %s=true if that is what you want"
            .formatted(
                Settings.HTTP_HOST.name(),
                host,
                Settings.AUTH.name(),
                Settings.AUTH.name(),
                Settings.AUTH_NONE_ANYWHERE.name()));
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new InvalidSettingException(Settings.HTTP_HOST.name() + ": no such address: " + host);
    }
  }

  private static @Nullable URL url(Map<String, String> environment, Setting<String> setting) {
    String text = setting.find(environment);
    if (text == null) {
      return null;
    }
    try {
      return URI.create(text).toURL();
    } catch (IllegalArgumentException | MalformedURLException e) {
      throw new InvalidSettingException(setting.name() + ": expected a URL, got \"" + text + "\"");
    }
  }
}
