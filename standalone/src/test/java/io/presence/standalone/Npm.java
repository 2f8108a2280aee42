package io.presence.standalone;

import java.util.Map;

/** How npm is run. */
final class Npm {
  /** As it comes, it waits 10 and 60 s before it asks a registry again that did not answer. */
  static final Map<String, String> ENVIRONMENT =
      Map.of(
          "npm_config_fetch_retries", "4",
          "npm_config_fetch_retry_mintimeout", "500",
          "npm_config_fetch_retry_maxtimeout", "3000",
          "npm_config_update_notifier", "false");

  private Npm() {}
}
