package io.presence.gateway.socket;

import java.net.URI;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Of which pages the scripts may open sockets: a browser opens them for any page, and asks nobody.
 */
public final class Origins {
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|.*\\.localhost|127(\\.\\d{1,3}){3}|\\[::1]");

  private final boolean any;
  private final Set<String> named;
  private final boolean near;

  private Origins(boolean any, Set<String> named, boolean near) {
    this.any = any;
    this.named = named;
    this.near = near;
  }

  /** Those that are listed, with commas between; {@code *}: all. */
  public static Origins of(String list) {
    Set<String> named =
        Arrays.stream(list.split(",", -1))
            .map(origin -> origin.strip().toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
    return new Origins(named.contains("*"), named, false);
  }

  /** All: for where nothing but a token says who is calling. */
  public static Origins any() {
    return new Origins(true, Set.of(), false);
  }

  /** That of the gateway itself, and those on this machine. */
  public static Origins near() {
    return new Origins(false, Set.of(), true);
  }

  /**
   * @param origin the header {@code Origin}; null: no browser
   * @param host the header {@code Host}
   */
  boolean allow(@Nullable String origin, @Nullable String host) {
    if (origin == null || any || named.contains(origin.toLowerCase(Locale.ROOT))) {
      return true;
    }
    if (!near) {
      return false;
    }
    String from = hostOf(origin);
    return from != null
        && (LOOPBACK.matcher(from).matches()
            || (host != null && from.equals(hostOf("http://" + host))));
  }

  private static @Nullable String hostOf(String url) {
    try {
      String host = URI.create(url).getHost();
      return host == null ? null : host.toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
