package io.presence.schemas.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import io.presence.schemas.json.Patch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PresenceEventCodecTest {
  private static final Path SAMPLES = Path.of("src/main/resources/samples/presence-events");

  static List<Path> valid() {
    return files("valid");
  }

  /** What begins as a batch that is read in one pass. */
  static List<Path> batches() {
    List<Path> batches = new ArrayList<>();
    for (String kind : List.of("valid", "tolerated", "invalid")) {
      for (Path file : files(kind)) {
        if (text(file).startsWith("{\"type\": \"heartbeats\"")) {
          batches.add(file);
        }
      }
    }
    return batches;
  }

  @ParameterizedTest
  @MethodSource("batches")
  void shouldReadABatchAlikeInOnePassAndFromATree(Path file) throws IOException {
    ObjectNode tree = (ObjectNode) Json.MAPPER.readTree(file.toFile());
    JsonNode type = tree.remove("type");
    byte[] typeLast = Json.MAPPER.writeValueAsBytes(tree.set("type", type));

    String inOnePass = outcome(() -> PresenceEventCodec.read(bytes(file)));
    String throughATree = outcome(() -> PresenceEventCodec.read(typeLast));
    String fromATree = outcome(() -> PresenceEventCodec.read(tree));

    assertThat(inOnePass).isEqualTo(throughATree).isEqualTo(fromATree);
  }

  @ParameterizedTest
  @MethodSource("valid")
  void shouldRefuseEveryPrefix(Path file) {
    byte[] value = text(file).strip().getBytes(UTF_8);
    for (int length = 0; length < value.length; length++) {
      byte[] prefix = Arrays.copyOf(value, length);
      assertThatExceptionOfType(InvalidJsonException.class)
          .as("%d bytes", length)
          .isThrownBy(() -> PresenceEventCodec.read(prefix));
    }
  }

  @ParameterizedTest
  @MethodSource("valid")
  void shouldNeverFailOtherwiseWhenBytesAreFlipped(Path file) {
    Random random = new Random(file.getFileName().toString().hashCode());
    byte[] value = bytes(file);
    for (int round = 0; round < 500; round++) {
      byte[] flipped = value.clone();
      for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
        flipped[random.nextInt(flipped.length)] = (byte) random.nextInt(256);
      }
      assertHarmless(flipped);
    }
  }

  @Test
  void shouldNeverFailOtherwiseWhenGivenGarbage() {
    Random random = new Random(20261124);
    for (int round = 0; round < 5_000; round++) {
      byte[] garbage = new byte[random.nextInt(64)];
      random.nextBytes(garbage);
      assertHarmless(garbage);
    }
  }

  @Test
  void shouldNeverFailOtherwiseWhenPiecesAreShuffled() {
    String[] pieces = {
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\"type\"",
      "\"heartbeats\"",
      "\"entries\"",
      "\"ada\"",
      "null",
      "true",
      "1e9",
      "\"\\ud800\"",
      "\"status\"",
      "\"expires_in\"",
      "-0",
      "\"user_id\""
    };
    Random random = new Random(20261125);
    for (int round = 0; round < 20_000; round++) {
      StringBuilder text =
          new StringBuilder(random.nextBoolean() ? "{\"type\":\"heartbeats\"" : "");
      for (int n = random.nextInt(20); n > 0; n--) {
        text.append(pieces[random.nextInt(pieces.length)]);
      }
      assertHarmless(text.toString().getBytes(UTF_8));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'type':'tick','type':'erased','user_id':'ada'}",
        "{'type':'heartbeat','user_id':'ada','user_id':'bob'}",
        "{'type':'heartbeat','user_id':'ada','later':1,'later':2}",
        "{'type':'heartbeat','user_id':'ada','later':{'a':1,'a':2}}",
        "{'type':'heartbeats','entries':[],'entries':[]}",
        "{'type':'heartbeats','type':'heartbeats','entries':[]}",
        "{'type':'heartbeats','entries':[],'type':'tick'}",
        "{'type':'heartbeats','entries':[],'later':1,'later':2}",
        "{'type':'heartbeats','entries':[],'later':{'a':1,'a':2}}",
        "{'entries':[],'type':'heartbeats','entries':[]}"
      })
  void shouldRefuseANameThatIsThereTwice(String json) {
    assertThatExceptionOfType(InvalidJsonException.class)
        .isThrownBy(() -> PresenceEventCodec.read(bytes(json)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"heartbeat", "heartbeats"})
  void shouldRefuseDeepNesting(String type) {
    String deep = "[".repeat(100_000) + "]".repeat(100_000);
    String json = "{'type':'" + type + "','user_id':'ada','entries':[],'later':" + deep + "}";
    String entry = "{'type':'" + type + "','user_id':1,'entries':" + deep + "}";

    for (String text : List.of(json, entry)) {
      assertThatExceptionOfType(InvalidJsonException.class)
          .isThrownBy(() -> PresenceEventCodec.read(bytes(text)));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1e400",
        "1e-400",
        "1e999999999",
        "1e-999999999",
        "1e2147483647",
        "1e99999999999999999999",
        "-1e999999999",
        "0e999999999",
        "0e-999999999",
        "0.0e999999999",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e",
        "--1",
        "0x10",
        "+1",
        ".5",
        "1."
      })
  void shouldRefuseAnOddNumberAtOnce(String number) {
    String json = "{'type':'status','user_id':'ada','status':'busy','expires_in':" + number + "}";

    assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () ->
            assertThatExceptionOfType(InvalidJsonException.class)
                .isThrownBy(() -> PresenceEventCodec.read(bytes(json))));
  }

  @Test
  void shouldRefuseANumberOfManyDigitsAtOnce() {
    for (String number : List.of("9".repeat(500_000), "0." + "9".repeat(500_000))) {
      String json = "{'type':'disconnected','user_id':'ada','grace':" + number + "}";
      assertTimeoutPreemptively(
          Duration.ofSeconds(5),
          () ->
              assertThatExceptionOfType(InvalidJsonException.class)
                  .isThrownBy(() -> PresenceEventCodec.read(bytes(json))));
    }
  }

  @Test
  void shouldRefuseSurrogatesThatAreEncodedOneByOne() {
    byte[] value = bytes("{'type':'activity','user_id':'ada','device':'abc'}");
    int at = new String(value, UTF_8).indexOf("abc");
    value[at] = (byte) 0xED;
    value[at + 1] = (byte) 0xA0;
    value[at + 2] = (byte) 0x80;

    assertThatExceptionOfType(InvalidJsonException.class)
        .isThrownBy(() -> PresenceEventCodec.read(value));
  }

  @Test
  void shouldNameTheFieldThatIsWrong() {
    assertFault("{'type':'heartbeat','user_id':'a b'}", "user_id", "got \"a b\"");
    assertFault("{'type':'heartbeat'}", "user_id", "missing");
    assertFault("{'user_id':'ada'}", "type", "missing");
    assertFault("{'type':'jumped'}", "type", "unknown");
    assertFault("{'type':'contacts_set','user_id':'ada','contacts':['b',1]}", "contacts[1]", "");
    assertFault("{'type':'heartbeats','entries':[['ada',null,null],['b']]}", "entries[1]", "");
    assertFault("{'type':'heartbeats','entries':[['ada',null,'']]}", "entries[0][2]", "");
    assertFault("{'type':'heartbeats','entries':[['ada','device:x',null]]}", "entries[0][1]", "");
    assertFault("[]", "", "object");
    assertFault("{", "", "not JSON");
  }

  @Test
  void shouldNotPutWhatCameIntoAMessageAsItIs() {
    InvalidJsonException e =
        fault("{'type':'heartbeat','user_id':'\\u001b[31m" + "x".repeat(1000) + "'}");

    assertThat(e.getMessage()).hasSizeLessThan(200).matches("[ -~…]*");
  }

  @Test
  void shouldTellAbsentFromNull() throws InvalidJsonException {
    StatusSet absent = status("");
    StatusSet nulls =
        status(",'custom_status':null,'custom_status_expires_in':null,'activity':null");
    StatusSet values = status(",'custom_status':'x','custom_status_expires_in':1.5,'activity':'y'");

    assertThat(absent.customStatus()).isEqualTo(Patch.keep());
    assertThat(absent.customStatusExpiresIn()).isEqualTo(Patch.keep());
    assertThat(absent.activity()).isEqualTo(Patch.keep());
    assertThat(absent.scope()).isEqualTo(Scope.USER);
    assertThat(nulls.customStatus()).isEqualTo(Patch.clear());
    assertThat(nulls.customStatusExpiresIn()).isEqualTo(Patch.clear());
    assertThat(nulls.activity()).isEqualTo(Patch.clear());
    assertThat(values.customStatus()).isEqualTo(Patch.set("x"));
    assertThat(values.customStatusExpiresIn()).isEqualTo(Patch.set(Duration.ofMillis(1500)));
    assertThat(values.activity()).isEqualTo(Patch.set("y"));
  }

  @Test
  void shouldTakeOfflineForInvisible() throws InvalidJsonException {
    StatusSet offline = (StatusSet) read("{'type':'status','user_id':'ada','status':'offline'}");

    assertThat(offline.status()).isEqualTo(SetStatus.INVISIBLE);
  }

  @Test
  void shouldNameTheTypeFirst() {
    byte[] written =
        PresenceEventCodec.write(
            new Heartbeats(List.of(new Heartbeat("ada", null, "web", Boolean.TRUE))));

    assertThat(new String(written, UTF_8))
        .isEqualTo("{\"type\":\"heartbeats\",\"entries\":[[\"ada\",null,\"web\",true]]}");
  }

  @Test
  void shouldNameASessionByItsIdElseByItsDevice() {
    assertThat(new Heartbeat("ada", "s", "web", null).sessionName()).isEqualTo("s");
    assertThat(new Heartbeat("ada", null, "web", null).sessionName()).isEqualTo("device:web");
    assertThat(new Heartbeat("ada", null, null, null).sessionName()).isEqualTo("device:default");
  }

  @Test
  void shouldTakeAsManyContactsAsAUserMayHaveAndNoMore() throws InvalidJsonException {
    assertThat(read(contacts(PresenceEventCodec.MAX_CONTACTS))).isNotNull();
    assertThat(fault(contacts(PresenceEventCodec.MAX_CONTACTS + 1)).field()).isEqualTo("contacts");
  }

  private static String contacts(int count) {
    StringBuilder json = new StringBuilder("{'type':'contacts_set','user_id':'ada','contacts':[");
    for (int i = 0; i < count; i++) {
      json.append(i == 0 ? "" : ",").append("'c").append(i).append('\'');
    }
    return json.append("]}").toString();
  }

  private static StatusSet status(String more) throws InvalidJsonException {
    return (StatusSet) read("{'type':'status','user_id':'ada','status':'busy'" + more + "}");
  }

  private static PresenceEvent read(String json) throws InvalidJsonException {
    return PresenceEventCodec.read(bytes(json));
  }

  private static void assertFault(String json, String field, String message) {
    InvalidJsonException e = fault(json);
    assertThat(e.field()).isEqualTo(field);
    assertThat(e).hasMessageContaining(message);
  }

  private static InvalidJsonException fault(String json) {
    PresenceEvent event;
    try {
      event = read(json);
    } catch (InvalidJsonException e) {
      return e;
    }
    throw new AssertionError(json + " was read as " + event);
  }

  private static void assertHarmless(byte[] value) {
    try {
      assertThat(PresenceEventCodec.write(PresenceEventCodec.read(value))).isNotEmpty();
    } catch (InvalidJsonException e) {
      assertThat(e.getMessage()).isNotEmpty();
    } catch (RuntimeException e) {
      throw new AssertionError(new String(value, UTF_8), e);
    }
  }

  private interface Reading {
    PresenceEvent read() throws InvalidJsonException;
  }

  private static String outcome(Reading reading) {
    try {
      return reading.read().toString();
    } catch (InvalidJsonException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static byte[] bytes(String json) {
    return json.replace('\'', '"').getBytes(UTF_8);
  }

  private static byte[] bytes(Path file) {
    return text(file).getBytes(UTF_8);
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> files(String kind) {
    try (Stream<Path> files = Files.list(SAMPLES.resolve(kind))) {
      return files.filter(file -> !file.toString().endsWith(".written.json")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
