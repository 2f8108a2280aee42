package io.presence.schemas.settings;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Every setting of every part, in one place: {@code ./presence config} prints this list. */
public final class Settings {
  private static final List<Setting<?>> ALL = new ArrayList<>();
  private static final String PREFIX = "PRESENCE_";
  private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|s|m|h|d)");

  // Kafka
  public static final Setting<String> BOOTSTRAP_SERVERS =
      text("BOOTSTRAP_SERVERS", "127.0.0.1:9092", "all", "Kafka brokers, host:port,…");
  public static final Setting<String> KAFKA_CONFIG =
      text(
          "KAFKA_CONFIG",
          "",
          "all",
          "a properties file for every Kafka client: security.protocol and the like");
  public static final Setting<String> TOPIC_PREFIX =
      text("TOPIC_PREFIX", "", "all", "what the names of all topics begin with");
  public static final Setting<Integer> PARTITIONS =
      number("PARTITIONS", "8", 1, 10_000, "all", "partitions of every topic");
  public static final Setting<Integer> REPLICATION_FACTOR =
      number(
          "REPLICATION_FACTOR",
          "",
          1,
          32_767,
          "all",
          "replicas of a topic that has to be created; not set: the brokers' default");

  // The rules
  public static final Setting<Duration> HEARTBEAT_TTL =
      duration("HEARTBEAT_TTL", "30s", "all", "a session without heartbeats for so long is gone");
  public static final Setting<Duration> AWAY_AFTER =
      duration("AWAY_AFTER", "5m", "all", "a session without activity for so long is away");
  public static final Setting<Duration> RECONNECT_GRACE =
      duration(
          "RECONNECT_GRACE",
          "",
          "gateway, standalone",
          "how long a lost socket may come back; not set: the smaller of 10s and HEARTBEAT_TTL / 3");
  public static final Setting<Duration> STALL_THRESHOLD =
      duration(
          "STALL_THRESHOLD",
          "",
          "streams-app",
          "a longer gap in the log is an outage of the log; not set: the smaller of 5s and"
              + " HEARTBEAT_TTL / 3");
  public static final Setting<Duration> TICK_INTERVAL =
      duration(
          "TICK_INTERVAL",
          "",
          "streams-app",
          "how often time is written to an idle log; not set: the smaller of 1s and HEARTBEAT_TTL /"
              + " 10");

  public static final Setting<Duration> CHANNEL_TTL =
      duration(
          "CHANNEL_TTL",
          "60s",
          "all",
          "a session in a channel without heartbeats for so long is not in it any more");

  public static final Setting<String> DELIVERY =
      choice(
          "DELIVERY",
          "all",
          List.of("all", "interest"),
          "all",
          "how changes come to gateways; all: each reads every change; interest: each is sent those"
              + " of the users it watches. Streams-apps first, then gateways; back the other way");
  public static final Setting<Integer> INBOXES =
      number(
          "INBOXES",
          "32",
          1,
          10_000,
          "all",
          "partitions of the topic of inboxes, with DELIVERY=interest; some more than gateways");
  public static final Setting<Duration> INTEREST_LEASE =
      duration(
          "INTEREST_LEASE",
          "30s",
          "all",
          "a gateway that is not heard of for so long is sent nothing, with DELIVERY=interest");
  public static final Setting<Duration> INTEREST_LINGER =
      duration(
          "INTEREST_LINGER",
          "30s",
          "gateway, standalone",
          "how long a gateway is sent changes of a user whom nobody watches there any more, with"
              + " DELIVERY=interest");

  // streams-app
  public static final Setting<Integer> INTEREST_SHARE =
      number(
          "INTEREST_SHARE",
          "50",
          1,
          100,
          "streams-app",
          "changes of a user whom more than so many percent of the inboxes watch go to all gateways,"
              + " with DELIVERY=interest");
  public static final Setting<String> APPLICATION_ID =
      text("APPLICATION_ID", "presence", "streams-app", "the consumer group, one per deployment");
  public static final Setting<String> STREAMS_HOST =
      text("STREAMS_HOST", "127.0.0.1", "streams-app", "the address that queries are answered on");
  public static final Setting<Integer> STREAMS_PORT =
      number(
          "STREAMS_PORT",
          "8081",
          0,
          65_535,
          "streams-app",
          "the port that queries are answered on; 0: any free one");
  public static final Setting<String> STREAMS_ADVERTISED =
      text(
          "STREAMS_ADVERTISED",
          "",
          "streams-app",
          "host:port at which gateways reach this instance; not set: STREAMS_HOST:STREAMS_PORT");
  public static final Setting<Integer> STREAM_THREADS =
      number("STREAM_THREADS", "1", 1, 64, "streams-app", "stream threads of this instance");
  public static final Setting<Integer> STANDBY_REPLICAS =
      number("STANDBY_REPLICAS", "1", 0, 8, "streams-app", "warm copies of each partition's state");
  public static final Setting<String> PROCESSING_GUARANTEE =
      choice(
          "PROCESSING_GUARANTEE",
          "exactly_once_v2",
          List.of("exactly_once_v2", "at_least_once"),
          "streams-app",
          "at_least_once is faster, and may lose or repeat a change when a process dies");
  public static final Setting<Duration> COMMIT_INTERVAL =
      duration("COMMIT_INTERVAL", "10ms", "streams-app", "how long a change may wait to be seen");
  public static final Setting<Duration> TRANSACTION_TIMEOUT =
      duration(
          "TRANSACTION_TIMEOUT",
          "10s",
          "streams-app",
          "how long a killed instance can hold up readers");
  public static final Setting<String> GROUP_PROTOCOL =
      choice(
          "GROUP_PROTOCOL",
          "classic",
          List.of("classic", "streams"),
          "streams-app",
          "Kafka's rebalance protocol");
  public static final Setting<String> DATA_DIR =
      text("DATA_DIR", "data", "streams-app, standalone", "where state is kept");
  public static final Setting<Duration> SESSION_HISTORY =
      duration(
          "SESSION_HISTORY", "30d", "streams-app", "how long closed sessions can be looked up");
  public static final Setting<String> INTERNAL_TOKEN =
      secret(
          "INTERNAL_TOKEN",
          "streams-app, gateway",
          "what a gateway shows to a streams-app; needed where that listens beyond loopback");

  // gateway
  public static final Setting<String> HTTP_HOST =
      text("HTTP_HOST", "127.0.0.1", "gateway, standalone", "the address to listen on");
  public static final Setting<Integer> HTTP_PORT =
      number(
          "HTTP_PORT", "8080", 0, 65_535, "gateway, standalone", "the port to listen on; 0: any");
  public static final Setting<List<URI>> STREAMS_URLS =
      new Builder<>(
              "STREAMS_URLS",
              "http:// or https:// URLs, with commas between",
              text -> Arrays.stream(text.split(",", -1)).map(Settings::parseUrl).toList())
          .add("http://127.0.0.1:8081", "gateway", "some streams-apps; they name the others");
  public static final Setting<Duration> LOOKUP_TIMEOUT =
      duration(
          "LOOKUP_TIMEOUT",
          "500ms",
          "gateway",
          "how long an owner may take before a standby is asked");
  public static final Setting<String> AUTH =
      choice(
          "AUTH",
          "none",
          List.of("none", "jwt"),
          "gateway, standalone",
          "none: everyone is who they say they are");
  public static final Setting<Boolean> AUTH_NONE_ANYWHERE =
      flag(
          "AUTH_NONE_ANYWHERE",
          "false",
          "gateway, standalone",
          "lets AUTH=none listen beyond loopback");
  public static final Setting<String> JWT_SECRET =
      secret("JWT_SECRET", "gateway, standalone", "the shared secret of HS256 tokens, 32 bytes up");
  public static final Setting<String> JWT_JWKS_URL =
      text("JWT_JWKS_URL", "", "gateway, standalone", "where the keys of signed tokens are");
  public static final Setting<String> JWT_ISSUER =
      text("JWT_ISSUER", "", "gateway, standalone", "the iss that a token must have");
  public static final Setting<String> JWT_AUDIENCE =
      text("JWT_AUDIENCE", "", "gateway, standalone", "the aud that a token must have");
  public static final Setting<Integer> WRITE_RATE =
      number(
          "WRITE_RATE",
          "",
          1,
          1_000_000,
          "gateway, standalone",
          "writes a second and identity, ten seconds' worth at once; not set: 50, none with"
              + " AUTH=none");
  public static final Setting<Integer> LOOKUP_RATE =
      number(
          "LOOKUP_RATE",
          "",
          1,
          10_000_000,
          "gateway, standalone",
          "ids looked up a second and identity, ten seconds' worth at once; not set: 2000, none"
              + " with AUTH=none");
  public static final Setting<Integer> ADDRESS_RATE =
      number(
          "ADDRESS_RATE",
          "",
          1,
          10_000_000,
          "gateway, standalone",
          "requests a second and address, ten seconds' worth at once; not set: 1000, none with"
              + " AUTH=none");
  public static final Setting<String> TRUSTED_PROXIES =
      text(
          "TRUSTED_PROXIES",
          "",
          "gateway, standalone",
          "addresses of the proxies whose X-Forwarded-For is believed, with commas between");
  public static final Setting<Duration> HEARTBEAT_FLUSH =
      duration(
          "HEARTBEAT_FLUSH",
          "",
          "gateway, standalone",
          "how long heartbeats are gathered; not set: the smaller of 1s and HEARTBEAT_TTL / 6");

  public static final Setting<Duration> CHANNEL_GATHER =
      duration(
          "CHANNEL_GATHER",
          "100ms",
          "gateway, standalone",
          "how long changes in a channel that many follow are gathered");
  public static final Setting<Integer> CHANNEL_GATHER_ABOVE =
      number(
          "CHANNEL_GATHER_ABOVE",
          "100",
          0,
          10_000_000,
          "gateway, standalone",
          "changes in channels that more than so many follow at one gateway are gathered");
  public static final Setting<Integer> CHANNELS_PER_SOCKET =
      number(
          "CHANNELS_PER_SOCKET",
          "100",
          1,
          100_000,
          "gateway, standalone",
          "channels that one socket may be in, or follow");
  public static final Setting<Integer> MAX_SOCKETS =
      number(
          "MAX_SOCKETS",
          "50000",
          1,
          10_000_000,
          "gateway, standalone",
          "sockets and event streams at a time");
  public static final Setting<Integer> SOCKETS_PER_USER =
      number(
          "SOCKETS_PER_USER",
          "100",
          1,
          1_000_000,
          "gateway, standalone",
          "sockets and event streams of one user at a time, at one gateway");
  public static final Setting<Integer> MESSAGE_RATE =
      number(
          "MESSAGE_RATE",
          "100",
          1,
          1_000_000,
          "gateway, standalone",
          "messages a second that a socket may send, ten seconds' worth at once");
  public static final Setting<String> ALLOWED_ORIGINS =
      text(
          "ALLOWED_ORIGINS",
          "",
          "gateway, standalone",
          "web origins whose pages may open sockets, with commas between, or *; not set: any with"
              + " AUTH=jwt, else the gateway's own and those on loopback");

  // standalone
  public static final Setting<Integer> KAFKA_PORT =
      number("KAFKA_PORT", "9092", 0, 65_535, "standalone", "the embedded broker's port; 0: any");

  public static final Setting<String> LOG_LEVEL =
      choice(
          "LOG_LEVEL", "INFO", List.of("DEBUG", "INFO", "WARN", "ERROR"), "all", "what is logged");

  public static final Setting<String> JAVA_OPTS =
      text("JAVA_OPTS", "", "./presence", "flags for the JVM, with spaces between");

  private Settings() {}

  /** All settings, in the order in which one would read of them. */
  public static List<Setting<?>> all() {
    return List.copyOf(ALL);
  }

  /**
   * Checks every {@code PRESENCE_} variable: that there is such a setting, and that it can be read.
   *
   * @throws InvalidSettingException naming all that are wrong
   */
  public static void check(Map<String, String> environment) {
    List<String> faults = new ArrayList<>();
    TreeSet<String> unknown = new TreeSet<>();
    for (String name : environment.keySet()) {
      if (name.startsWith(PREFIX)) {
        unknown.add(name);
      }
    }
    for (Setting<?> setting : ALL) {
      unknown.remove(setting.name());
      try {
        setting.find(environment);
      } catch (InvalidSettingException e) {
        faults.add(e.getMessage());
      }
    }
    for (String name : unknown) {
      faults.add(name + ": there is no such setting");
    }
    if (!faults.isEmpty()) {
      throw new InvalidSettingException(String.join("\n", faults));
    }
  }

  private record Builder<T>(String name, String kind, Function<String, T> parser) {
    Setting<T> add(String defaultText, String parts, String description) {
      Setting<T> setting =
          new Setting<>(PREFIX + name, kind, defaultText, parts, description, parser);
      ALL.add(setting);
      return setting;
    }
  }

  private static Setting<String> text(
      String name, String defaultText, String parts, String description) {
    return new Builder<>(name, "text", Function.<String>identity())
        .add(defaultText, parts, description);
  }

  private static Setting<String> secret(String name, String parts, String description) {
    return new Builder<>(name, "secret text", Function.<String>identity())
        .add("", parts, description);
  }

  private static Setting<Integer> number(
      String name, String defaultText, int min, int max, String parts, String description) {
    return new Builder<>(
            name,
            "a number from " + min + " to " + max,
            text -> {
              int value = Integer.parseInt(text);
              if (value < min || value > max) {
                throw new IllegalArgumentException();
              }
              return value;
            })
        .add(defaultText, parts, description);
  }

  private static Setting<Boolean> flag(
      String name, String defaultText, String parts, String description) {
    return new Builder<>(
            name,
            "true or false",
            text ->
                switch (text) {
                  case "true" -> true;
                  case "false" -> false;
                  default -> throw new IllegalArgumentException();
                })
        .add(defaultText, parts, description);
  }

  private static Setting<String> choice(
      String name, String defaultText, List<String> words, String parts, String description) {
    return new Builder<>(
            name,
            "one of " + String.join(", ", words),
            text -> {
              if (!words.contains(text)) {
                throw new IllegalArgumentException();
              }
              return text;
            })
        .add(defaultText, parts, description);
  }

  private static Setting<Duration> duration(
      String name, String defaultText, String parts, String description) {
    return new Builder<>(name, "a duration such as 500ms, 30s, 5m, 6h or 30d", Settings::parse)
        .add(defaultText, parts, description);
  }

  private static URI parseUrl(String text) {
    URI url = URI.create(text.strip());
    boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
    if (!http || url.getHost() == null) {
      throw new IllegalArgumentException();
    }
    return url;
  }

  private static Duration parse(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException();
    }
    double amount = Double.parseDouble(matcher.group(1));
    long unit =
        switch (matcher.group(2)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          case "m" -> 60_000;
          case "h" -> 3_600_000;
          default -> 86_400_000;
        };
    Duration duration = Duration.ofMillis(Math.round(amount * unit));
    if (duration.isZero() || duration.compareTo(Duration.ofDays(3660)) > 0) {
      throw new IllegalArgumentException();
    }
    return duration;
  }
}
