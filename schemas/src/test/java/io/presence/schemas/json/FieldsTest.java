package io.presence.schemas.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldsTest {
  private interface Reading {
    Object read() throws InvalidJsonException;
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "AZaz09._:@-", "device:", "-", ".."})
  void shouldTakeAnId(String id) throws InvalidJsonException {
    assertThat(Fields.isId(id)).isTrue();
    assertThat(Fields.checkId("x", id)).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a b", "a/b", "a\n", "\u0000", "ä", "a+b", "#", "ａ", "😀"})
  void shouldRefuseAnIdOfOtherCharacters(String id) {
    assertThat(Fields.isId(id)).isFalse();
    refuses("x", () -> Fields.checkId("x", id));
  }

  @Test
  void shouldTakeAnIdOf128CharactersAndNoMore() throws InvalidJsonException {
    assertThat(fields("{'x':'" + "a".repeat(128) + "'}").id("x")).hasSize(128);
    refuses("x", () -> fields("{'x':'" + "a".repeat(129) + "'}").id("x"));
  }

  @Test
  void shouldRefuseASessionIdThatLooksLikeADevices() throws InvalidJsonException {
    assertThat(Fields.checkSessionId("x", "device")).isEqualTo("device");
    assertThat(Fields.checkSessionId("x", "Device:web")).isEqualTo("Device:web");
    refuses("x", () -> Fields.checkSessionId("x", "device:"));
    refuses("x", () -> Fields.checkSessionId("x", "device:web"));
  }

  @Test
  void shouldTakeNullForAbsentWhereAFieldIsOptional() throws InvalidJsonException {
    for (String json : List.of("{}", "{'x':null}")) {
      assertThat(fields(json).optionalId("x")).isNull();
      assertThat(fields(json).optionalSessionId("x")).isNull();
      assertThat(fields(json).optionalDevice("x")).isNull();
      assertThat(fields(json).optionalBoolean("x")).isNull();
      assertThat(fields(json).optionalDuration("x")).isNull();
    }
  }

  @Test
  void shouldRefuseWhatIsMissing() {
    for (String json : List.of("{}", "{'x':null}")) {
      refuses("x", () -> fields(json).id("x"));
      refuses("x", () -> fields(json).ids("x", 0, 9));
      refuses("x", () -> fields(json).word("x", Map.of("a", 1)));
      refuses("x", () -> fields(json).elements("x", 0, 9));
    }
  }

  @Test
  void shouldTakeIdsWithoutRepetitionInTheirOrder() throws InvalidJsonException {
    assertThat(fields("{'x':['c','a','c','b']}").ids("x", 1, 4)).containsExactly("c", "a", "b");
  }

  @Test
  void shouldRefuseIdsThatAreTooManyTooFewOrNone() {
    refuses("x", () -> fields("{'x':['a','a','a']}").ids("x", 0, 2));
    refuses("x", () -> fields("{'x':[]}").ids("x", 1, 2));
    refuses("x", () -> fields("{'x':'a'}").ids("x", 1, 2));
    refuses("x[1]", () -> fields("{'x':['a','b c']}").ids("x", 1, 2));
    refuses("x[0]", () -> fields("{'x':[null]}").ids("x", 1, 2));
  }

  @Test
  void shouldCountTheCharactersOfATextNotItsUnits() throws InvalidJsonException {
    String ships = "🚢".repeat(140);

    assertThat(fields("{'x':'" + ships + "'}").customStatus("x")).isEqualTo(Patch.set(ships));
    refuses("x", () -> fields("{'x':'" + ships + "a'}").customStatus("x"));
    assertThat(Fields.checkDevice("x", "📱".repeat(64))).hasSize(128);
    refuses("x", () -> Fields.checkDevice("x", "📱".repeat(65)));
    refuses("x", () -> Fields.checkDevice("x", ""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\u0000", "\n", "\u001f", "\u007f", "\u0085", "\u009f"})
  void shouldRefuseControlCharacters(String character) {
    refuses("x", () -> Fields.checkDevice("x", "a" + character));
  }

  @Test
  void shouldRefuseLoneSurrogates() {
    refuses("x", () -> Fields.checkDevice("x", "\ud83d"));
    refuses("x", () -> Fields.checkDevice("x", "a\udca1b"));
    refuses("x", () -> fields("{'x':'\\udca1\\ud83d'}").customStatus("x"));
  }

  @Test
  void shouldTakeTextOfAnyLanguage() throws InvalidJsonException {
    for (String text : List.of("Grüße", "在线", "مشغول", "👩‍👩‍👧", "a\u2028b", "<b>&\"'")) {
      assertThat(Fields.checkDevice("x", text)).isEqualTo(text);
    }
  }

  @Test
  void shouldClearATextWithNullOrNothingInIt() throws InvalidJsonException {
    for (String json : List.of("{'x':null}", "{'x':''}")) {
      assertThat(fields(json).customStatus("x")).isEqualTo(Patch.clear());
      assertThat(fields(json).activity("x")).isEqualTo(Patch.clear());
    }
    assertThat(fields("{}").customStatus("x")).isEqualTo(Patch.keep());
    assertThat(fields("{}").activity("x")).isEqualTo(Patch.keep());
    assertThat(fields("{}").expiry("x")).isEqualTo(Patch.keep());
    assertThat(fields("{'x':null}").expiry("x")).isEqualTo(Patch.clear());
  }

  @Test
  void shouldTakeAWordForAnActivity() throws InvalidJsonException {
    String longest = "w".repeat(64);

    assertThat(fields("{'x':'in_call'}").activity("x")).isEqualTo(Patch.set("in_call"));
    assertThat(fields("{'x':'" + longest + "'}").activity("x")).isEqualTo(Patch.set(longest));
    refuses("x", () -> fields("{'x':'" + longest + "w'}").activity("x"));
    refuses("x", () -> fields("{'x':'in call'}").activity("x"));
    refuses("x", () -> fields("{'x':'a@b'}").activity("x"));
  }

  @Test
  void shouldReadSecondsToTheMillisecond() throws InvalidJsonException {
    assertThat(seconds("1")).isEqualTo(Duration.ofSeconds(1));
    assertThat(seconds("1.5")).isEqualTo(Duration.ofMillis(1500));
    assertThat(seconds("0.0019")).isEqualTo(Duration.ofMillis(1));
    assertThat(seconds("1e3")).isEqualTo(Duration.ofSeconds(1000));
    assertThat(seconds("0")).isZero();
    assertThat(seconds("-0.0")).isZero();
    assertThat(seconds("0e999999999")).isZero();
    assertThat(seconds("1e-999999999")).isZero();
    assertThat(seconds("31622400")).isEqualTo(Fields.MAX_EXPIRY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "-1e-400", "31622400.001", "1e999999999", "'1'", "true", "[]"})
  void shouldRefuseSecondsThatAreNone(String number) {
    refuses("x", () -> seconds(number));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "0.0009", "1e-999999999"})
  void shouldRefuseAnExpiryAtOnce(String number) {
    refuses("x", () -> fields("{'x':" + number + "}").expiry("x"));
  }

  @Test
  void shouldSayWhichWordsThereAre() {
    assertThatExceptionOfType(InvalidJsonException.class)
        .isThrownBy(() -> fields("{'x':'dnd'}").word("x", Map.of("busy", 1, "away", 2)))
        .withMessage("x: expected one of away, busy, got \"dnd\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "1", "null", "'x'", "", " ", "{} {}", "{'a':1,'a':2}", "{'a':1"})
  void shouldRefuseWhatIsNoSingleObject(String json) {
    refuses("", () -> Json.readObject(json.replace('\'', '"').getBytes(UTF_8)));
  }

  private static Duration seconds(String number) throws InvalidJsonException {
    Duration duration = fields("{'x':" + number + "}").optionalDuration("x");
    return Objects.requireNonNull(duration);
  }

  private static Fields fields(String json) throws InvalidJsonException {
    return new Fields(Json.readObject(json.replace('\'', '"').getBytes(UTF_8)));
  }

  private static void refuses(String field, Reading reading) {
    assertThatExceptionOfType(InvalidJsonException.class)
        .isThrownBy(reading::read)
        .satisfies(e -> assertThat(e.field()).isEqualTo(field))
        .satisfies(e -> assertThat(e.getMessage()).isNotEmpty());
  }
}
