package io.presence.schemas.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.json.InvalidJsonException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainBatchTest {
  private static final List<String> TEXTS =
      List.of(
          "'ada'",
          "'b.o_b:@-9'",
          "'device:web'",
          "'device:'",
          "'devic'",
          "'a b'",
          "''",
          "'Büro'",
          "'\\u0061da'",
          "'a\\'b'",
          "'a\tb'",
          "'x\u007f'",
          "'~ !'",
          "'" + "i".repeat(64) + "'",
          "'" + "i".repeat(65) + "'",
          "'" + "i".repeat(128) + "'",
          "'" + "i".repeat(129) + "'",
          "null",
          "true",
          "1",
          "[]",
          "{}",
          "nul");

  private static final List<String> ENDS =
      List.of("", "", ",true", ",false", ",null", ",1", ",'x'", ",true,1", ",[]", ",", ",trueish");

  private final PlainBatch batch = new PlainBatch();

  @Test
  void shouldTakeWhatIsWritten() {
    Random random = new Random(20261124);
    for (int round = 0; round < 200; round++) {
      List<Heartbeat> entries = new ArrayList<>();
      for (int n = random.nextInt(200); n > 0; n--) {
        entries.add(
            new Heartbeat(
                "user-" + random.nextInt(),
                random.nextInt(3) == 0 ? null : "s" + random.nextInt(),
                random.nextInt(3) == 0 ? null : "web " + random.nextInt(),
                random.nextBoolean() ? null : (Boolean) random.nextBoolean()));
      }

      assertThat(batch.read(PresenceEventCodec.write(new Heartbeats(entries)))).isTrue();
      assertThat(read(batch)).isEqualTo(entries);
    }
  }

  @Test
  void shouldReadWhatItTakesAsTheGeneralReaderDoes() {
    Random random = new Random(20261125);
    int taken = 0;
    int left = 0;
    for (int round = 0; round < 50_000; round++) {
      StringBuilder json = new StringBuilder("{'type':'heartbeats','entries':[");
      for (int n = random.nextInt(4); n > 0; n--) {
        json.append("[")
            .append(random.nextInt(4) > 0 ? "'ada'" : pick(TEXTS, random))
            .append(",")
            .append(random.nextInt(4) > 0 ? "'s1'" : pick(TEXTS, random))
            .append(",")
            .append(random.nextInt(4) > 0 ? "'web'" : pick(TEXTS, random))
            .append(pick(ENDS, random))
            .append(n > 1 ? "]," : "]");
      }
      byte[] value = json.append("]}").toString().replace('\'', '"').getBytes(UTF_8);
      if (random.nextInt(4) == 0) {
        value[random.nextInt(value.length)] = (byte) random.nextInt(256);
      }
      List<Heartbeat> general = general(value);
      if (batch.read(value)) {
        assertThat(read(batch)).as(new String(value, UTF_8)).isEqualTo(general);
        taken++;
      } else {
        assertThat(batch.size()).isZero();
        left++;
      }
    }
    assertThat(taken).isGreaterThan(5_000);
    assertThat(left).isGreaterThan(5_000);
  }

  @Test
  void shouldTakeBlanksBetweenTokens() {
    byte[] value =
        " { \"type\" : \"heartbeats\" , \"entries\" : [ [ \"ada\" , null , \"web\" , true ] ] }"
            .getBytes(UTF_8);

    assertThat(batch.read(value)).isTrue();
    assertThat(read(batch)).isEqualTo(general(value));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{'type':'tick'}",
        "{'type':'heartbeats','entries':[]}}",
        "{'type':'heartbeats','entries':[]},",
        "{'type':'heartbeats','entries':[],'later':1}",
        "{'type':'heartbeats','entries':[,]}",
        "{'type':'heartbeats','entries':[['ada',null,null],]}",
        "{'type':'heartbeats','entries':[['ada',null]]}",
        "{'entries':[],'type':'heartbeats'}"
      })
  void shouldLeaveWhatIsNotPlain(String json) {
    assertThat(batch.read(json.replace('\'', '"').getBytes(UTF_8))).isFalse();
  }

  @Test
  void shouldLeaveEveryPrefix() {
    byte[] value =
        PresenceEventCodec.write(
            new Heartbeats(
                List.of(
                    new Heartbeat("ada", "s1", "web", true),
                    new Heartbeat("bob", null, null, null))));
    for (int length = 0; length < value.length; length++) {
      assertThat(batch.read(Arrays.copyOf(value, length))).isFalse();
    }
  }

  @Test
  void shouldTellSessionsByTheirNames() {
    List<Heartbeat> entries =
        List.of(
            new Heartbeat("ada", "web", "web", null),
            new Heartbeat("ada", null, "web", null),
            new Heartbeat("ada", null, null, null),
            new Heartbeat("ada", "default", null, null));
    assertThat(batch.read(PresenceEventCodec.write(new Heartbeats(entries)))).isTrue();

    for (String name :
        List.of("web", "we", "webs", "device:web", "device:", "device:default", "default", "")) {
      for (int i = 0; i < entries.size(); i++) {
        assertThat(batch.namesSession(i, name))
            .as("%s of %s", name, entries.get(i))
            .isEqualTo(entries.get(i).sessionName().equals(name));
      }
    }
  }

  private static List<Heartbeat> read(PlainBatch batch) {
    List<Heartbeat> entries = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      Heartbeat entry = batch.heartbeat(i);
      String userId =
          new String(
              batch.bytes(), batch.userStart(i), batch.userEnd(i) - batch.userStart(i), UTF_8);
      assertThat(userId).isEqualTo(entry.userId());
      assertThat(batch.active(i)).isEqualTo(entry.active());
      assertThat(batch.namesSession(i, entry.sessionName())).isTrue();
      entries.add(entry);
    }
    return entries;
  }

  private static @Nullable List<Heartbeat> general(byte[] value) {
    try {
      return PresenceEventCodec.read(value) instanceof Heartbeats heartbeats
          ? heartbeats.entries()
          : null;
    } catch (InvalidJsonException e) {
      return null;
    }
  }

  private static String pick(List<String> texts, Random random) {
    return texts.get(random.nextInt(texts.size()));
  }
}
