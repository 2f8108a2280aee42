package io.presence.schemas.presence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.presence.schemas.json.Json;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EpochSecondsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0.000",
    "1, 0.001",
    "999, 0.999",
    "9999, 9.999",
    "10000, 10.000",
    "999999999999, 999999999.999",
    "1000000000000, 1000000000.000",
    "9999999999999, 9999999999.999",
    "10000000000000, 10000000000.000",
    "1764000000000, 1764000000.000",
    "1764000000120, 1764000000.120",
    "1764000000123, 1764000000.123",
    "999999999999999, 999999999999.999"
  })
  void shouldWriteThreeDecimalsAndReadThem(long millis, String text) {
    assertThat(EpochSeconds.format(millis)).isEqualTo(text);
    assertThat(EpochSeconds.parse(text)).isEqualTo(millis);
  }

  @Test
  void shouldReadWhatOthersWrite() {
    assertThat(EpochSeconds.parse("1764000000")).isEqualTo(1764000000000L);
    assertThat(EpochSeconds.parse("1.764E9")).isEqualTo(1764000000000L);
    assertThat(EpochSeconds.parse("1764000000.1239")).isEqualTo(1764000000123L);
    assertThat(EpochSeconds.parse("1e-999999999")).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "-0.001", "1e12", "1e999999999", "1e2147483647", "1e99999999999"})
  void shouldRefuseAtOnceWhatIsNoTime(String text) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () ->
            assertThatExceptionOfType(NumberFormatException.class)
                .isThrownBy(() -> EpochSeconds.parse(text)));
  }

  @Test
  void shouldWriteTimesOfARecordWithThreeDecimals() throws JsonProcessingException {
    ClosedSession session =
        new ClosedSession("s", "web", 1764000000000L, 1764000000120L, Reason.TIMED_OUT);

    assertThat(Json.MAPPER.writeValueAsString(session))
        .isEqualTo(
            "{\"session_id\":\"s\",\"device\":\"web\",\"started_at\":1764000000.000,"
                + "\"ended_at\":1764000000.120,\"reason\":\"timed_out\"}");
  }
}
