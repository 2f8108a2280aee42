package io.presence.schemas.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
  private static final Map<String, String> NOTHING = Map.of();

  @Test
  void shouldHaveTheseDefaults() {
    Map<String, String> defaults = new HashMap<>();
    for (Setting<?> setting : Settings.all()) {
      defaults.put(setting.name(), setting.defaultText());
    }

    assertThat(defaults)
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                Map.entry("PRESENCE_BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
                Map.entry("PRESENCE_KAFKA_CONFIG", ""),
                Map.entry("PRESENCE_TOPIC_PREFIX", ""),
                Map.entry("PRESENCE_PARTITIONS", "8"),
                Map.entry("PRESENCE_REPLICATION_FACTOR", ""),
                Map.entry("PRESENCE_HEARTBEAT_TTL", "30s"),
                Map.entry("PRESENCE_AWAY_AFTER", "5m"),
                Map.entry("PRESENCE_RECONNECT_GRACE", ""),
                Map.entry("PRESENCE_STALL_THRESHOLD", ""),
                Map.entry("PRESENCE_TICK_INTERVAL", ""),
                Map.entry("PRESENCE_APPLICATION_ID", "presence"),
                Map.entry("PRESENCE_STREAMS_HOST", "127.0.0.1"),
                Map.entry("PRESENCE_STREAMS_PORT", "8081"),
                Map.entry("PRESENCE_STREAMS_ADVERTISED", ""),
                Map.entry("PRESENCE_STREAM_THREADS", "1"),
                Map.entry("PRESENCE_STANDBY_REPLICAS", "1"),
                Map.entry("PRESENCE_PROCESSING_GUARANTEE", "exactly_once_v2"),
                Map.entry("PRESENCE_COMMIT_INTERVAL", "10ms"),
                Map.entry("PRESENCE_TRANSACTION_TIMEOUT", "10s"),
                Map.entry("PRESENCE_GROUP_PROTOCOL", "classic"),
                Map.entry("PRESENCE_DATA_DIR", "data"),
                Map.entry("PRESENCE_SESSION_HISTORY", "30d"),
                Map.entry("PRESENCE_INTERNAL_TOKEN", ""),
                Map.entry("PRESENCE_HTTP_HOST", "127.0.0.1"),
                Map.entry("PRESENCE_HTTP_PORT", "8080"),
                Map.entry("PRESENCE_LOOKUP_TIMEOUT", "500ms"),
                Map.entry("PRESENCE_AUTH", "none"),
                Map.entry("PRESENCE_AUTH_NONE_ANYWHERE", "false"),
                Map.entry("PRESENCE_JWT_SECRET", ""),
                Map.entry("PRESENCE_JWT_JWKS_URL", ""),
                Map.entry("PRESENCE_JWT_ISSUER", ""),
                Map.entry("PRESENCE_JWT_AUDIENCE", ""),
                Map.entry("PRESENCE_WRITE_RATE", ""),
                Map.entry("PRESENCE_LOOKUP_RATE", ""),
                Map.entry("PRESENCE_ADDRESS_RATE", ""),
                Map.entry("PRESENCE_TRUSTED_PROXIES", ""),
                Map.entry("PRESENCE_HEARTBEAT_FLUSH", ""),
                Map.entry("PRESENCE_DELIVERY", "all"),
                Map.entry("PRESENCE_INBOXES", "32"),
                Map.entry("PRESENCE_INTEREST_LEASE", "30s"),
                Map.entry("PRESENCE_INTEREST_LINGER", "30s"),
                Map.entry("PRESENCE_INTEREST_SHARE", "50"),
                Map.entry("PRESENCE_CHANNEL_TTL", "60s"),
                Map.entry("PRESENCE_CHANNEL_GATHER", "100ms"),
                Map.entry("PRESENCE_CHANNEL_GATHER_ABOVE", "100"),
                Map.entry("PRESENCE_CHANNELS_PER_SOCKET", "100"),
                Map.entry("PRESENCE_MAX_SOCKETS", "50000"),
                Map.entry("PRESENCE_SOCKETS_PER_USER", "100"),
                Map.entry("PRESENCE_MESSAGE_RATE", "100"),
                Map.entry("PRESENCE_ALLOWED_ORIGINS", ""),
                Map.entry("PRESENCE_KAFKA_PORT", "9092"),
                Map.entry("PRESENCE_LOG_LEVEL", "INFO"),
                Map.entry("PRESENCE_JAVA_OPTS", ""),
                Map.entry("PRESENCE_STREAMS_URLS", "http://127.0.0.1:8081")));
  }

  @Test
  void shouldReadTheDefaultsAsTheirTypes() {
    assertThat(Settings.HEARTBEAT_TTL.get(NOTHING)).isEqualTo(Duration.ofSeconds(30));
    assertThat(Settings.AWAY_AFTER.get(NOTHING)).isEqualTo(Duration.ofMinutes(5));
    assertThat(Settings.COMMIT_INTERVAL.get(NOTHING)).isEqualTo(Duration.ofMillis(10));
    assertThat(Settings.SESSION_HISTORY.get(NOTHING)).isEqualTo(Duration.ofDays(30));
    assertThat(Settings.PARTITIONS.get(NOTHING)).isEqualTo(8);
    assertThat(Settings.AUTH_NONE_ANYWHERE.get(NOTHING)).isFalse();
    assertThat(Settings.STREAMS_URLS.get(NOTHING))
        .containsExactly(URI.create("http://127.0.0.1:8081"));
    assertThat(Settings.RECONNECT_GRACE.find(NOTHING)).isNull();
    assertThat(Settings.RECONNECT_GRACE.getOrElse(NOTHING, Duration.ofSeconds(10)))
        .isEqualTo(Duration.ofSeconds(10));
    assertThatCode(() -> Settings.check(NOTHING)).doesNotThrowAnyException();
  }

  @Test
  void shouldBeDescribedAndNamedOnce() {
    assertThat(Settings.all()).extracting(Setting::name).doesNotHaveDuplicates();
    assertThat(Settings.all())
        .allSatisfy(
            setting -> {
              assertThat(setting.name()).matches("PRESENCE_[A-Z]+(_[A-Z]+)*");
              assertThat(setting.description()).isNotBlank();
              assertThat(setting.kind()).isNotBlank();
              assertThat(setting.parts())
                  .matches(
                      "all|\\./presence|(streams-app|gateway|standalone)(, (gateway|standalone))?");
            });
  }

  @Test
  void shouldTakeAnEmptyValueForNone() {
    assertThat(Settings.PARTITIONS.get(Map.of("PRESENCE_PARTITIONS", " "))).isEqualTo(8);
    assertThat(Settings.JWT_SECRET.find(Map.of("PRESENCE_JWT_SECRET", ""))).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "500ms, PT0.5S",
    "30s, PT30S",
    "1.5s, PT1.5S",
    "5m, PT5M",
    "6h, PT6H",
    "30d, PT720H",
    "' 3s ', PT3S",
    "3660d, PT87840H"
  })
  void shouldReadADuration(String text, Duration duration) {
    assertThat(Settings.HEARTBEAT_TTL.get(Map.of("PRESENCE_HEARTBEAT_TTL", text)))
        .isEqualTo(duration);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "30",
        "s",
        "-1s",
        "0s",
        "0.1ms",
        "30 s",
        "30S",
        "1e3s",
        "3661d",
        "PT30S",
        "1s1s",
        "∞",
        "999999999999999999999999999999d"
      })
  void shouldNameADurationThatIsNone(String text) {
    assertThatExceptionOfType(InvalidSettingException.class)
        .isThrownBy(() -> Settings.check(Map.of("PRESENCE_HEARTBEAT_TTL", text)))
        .withMessage(
            "PRESENCE_HEARTBEAT_TTL: expected a duration such as 500ms, 30s, 5m, 6h or 30d,"
                + " got \"%s\"",
            text);
  }

  @ParameterizedTest
  @CsvSource({
    "PRESENCE_PARTITIONS, 0, a number from 1 to 10000",
    "PRESENCE_PARTITIONS, eight, a number from 1 to 10000",
    "PRESENCE_HTTP_PORT, 65536, a number from 0 to 65535",
    "PRESENCE_HTTP_PORT, 99999999999, a number from 0 to 65535",
    "PRESENCE_AUTH_NONE_ANYWHERE, yes, true or false",
    "PRESENCE_AUTH, JWT, 'one of none, jwt'",
    "PRESENCE_PROCESSING_GUARANTEE, exactly_once, 'one of exactly_once_v2, at_least_once'",
    "PRESENCE_STREAMS_URLS, 'http://a b', 'http:// or https:// URLs, with commas between'",
    "PRESENCE_STREAMS_URLS, 'http://a,', 'http:// or https:// URLs, with commas between'",
    "PRESENCE_STREAMS_URLS, 'a:8081', 'http:// or https:// URLs, with commas between'"
  })
  void shouldNameWhatIsWrongAndWhatWasExpected(String name, String text, String expected) {
    assertThatExceptionOfType(InvalidSettingException.class)
        .isThrownBy(() -> Settings.check(Map.of(name, text)))
        .withMessage("%s: expected %s, got \"%s\"", name, expected, text);
  }

  @Test
  void shouldNameEverySettingThatThereIsNot() {
    Map<String, String> environment =
        Map.of(
            "PRESENCE_HEARTBEATTTL", "3s",
            "PRESENCE_", "x",
            "PRESENCE_PARTITIONS", "0",
            "PATH", "/bin",
            "presence_auth", "none");

    assertThatExceptionOfType(InvalidSettingException.class)
        .isThrownBy(() -> Settings.check(environment))
        .withMessage(
            """
            PRESENCE_PARTITIONS: expected a number from 1 to 10000, got "0"
            PRESENCE_: there is no such setting
            PRESENCE_HEARTBEATTTL: there is no such setting""");
  }

  @Test
  void shouldSayThatASettingIsMissing() {
    assertThatExceptionOfType(InvalidSettingException.class)
        .isThrownBy(() -> Settings.JWT_SECRET.get(NOTHING))
        .withMessage("PRESENCE_JWT_SECRET: not set, expected secret text");
  }

  @Test
  void shouldKnowWhatIsSecret() {
    assertThat(Settings.all().stream().filter(Setting::secret))
        .extracting(Setting::name)
        .isEqualTo(List.of("PRESENCE_INTERNAL_TOKEN", "PRESENCE_JWT_SECRET"));
  }
}
