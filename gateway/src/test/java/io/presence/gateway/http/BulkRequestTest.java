package io.presence.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Bodies of lookups: however they are read, the same comes of them. */
final class BulkRequestTest {
  private static final String[] PARTS = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "\t",
    "\"",
    "\\",
    "null",
    "1",
    "user_ids",
    "requester_id",
    "\"user_ids\":[\"a\",\"b\",\"a\"]",
    "\"requester_id\":\"ada\"",
    "\"a@b:c-d_e.f\"",
    "\\u0061",
    "é",
    "\"\"",
    "\"x y\"",
    "/",
    "\0",
    "\"other\":{}"
  };

  @Test
  void shouldReadIdsWithoutRepetitionInTheirOrder() throws Exception {
    BulkRequest request =
        read(" {\"requester_id\" : \"ada\",\n\"user_ids\": [\"c\", \"a\",\t\"c\", \"b\"] } \r\n");
    assertThat(request.ids()).containsExactly("c", "a", "b");
    assertThat(request.requester()).isEqualTo("ada");
    assertThat(read("{\"user_ids\":[\"a\"]}").requester()).isNull();
    assertThat(read("{\"user_ids\":[\"\\u0061\"],\"more\":[1]}").ids()).containsExactly("a");
  }

  @Test
  void shouldReadWhatIsMadeToBeSlow() throws Exception {
    // All of one hash, as strings go.
    List<String> ids = new ArrayList<>(List.of(""));
    for (int i = 0; i < 9; i++) {
      List<String> longer = new ArrayList<>();
      ids.forEach(id -> longer.addAll(List.of(id + "Aa", id + "BB")));
      ids = longer;
    }
    assertThat(read("{\"user_ids\":[\"" + String.join("\",\"", ids) + "\"]}").ids()).isEqualTo(ids);
  }

  @Test
  void shouldRefuseMoreThanThousandAsBefore() {
    String ids = String.join("\",\"", Collections.nCopies(1_001, "a"));
    assertThatThrownBy(() -> read("{\"user_ids\":[\"" + ids + "\"]}"))
        .isInstanceOf(InvalidJsonException.class)
        .hasMessageContaining("1001");
  }

  @Test
  void shouldJudgeAsAllBodiesAreJudged() {
    Random random = new Random(20261125);
    int right = 0;
    for (int round = 0; round < 200_000; round++) {
      StringBuilder body = new StringBuilder();
      if (random.nextInt(4) > 0) {
        body.append("{\"user_ids\":[\"a\",\"b\"],\"requester_id\":\"ada\"}");
        for (int i = random.nextInt(3); i >= 0; i--) {
          int at = random.nextInt(body.length());
          body.replace(at, Math.min(body.length(), at + random.nextInt(3)), part(random));
        }
      } else {
        for (int i = random.nextInt(9); i >= 0; i--) {
          body.append(part(random));
        }
      }
      right += compare(body.toString()) ? 1 : 0;
    }
    assertThat(right).isGreaterThan(1_000);
  }

  private static String part(Random random) {
    return PARTS[random.nextInt(PARTS.length)];
  }

  private static boolean compare(String body) {
    BulkRequest expected;
    try {
      Fields fields = new Fields(Json.readObject(body.getBytes(StandardCharsets.UTF_8)));
      expected =
          new BulkRequest(
              List.copyOf(fields.ids("user_ids", 1, BulkRequest.MAX_IDS)),
              fields.optionalId("requester_id"));
    } catch (InvalidJsonException e) {
      assertThatThrownBy(() -> read(body))
          .as(body)
          .isInstanceOf(InvalidJsonException.class)
          .hasMessage(e.getMessage());
      return false;
    }
    try {
      assertThat(read(body)).as(body).isEqualTo(expected);
    } catch (InvalidJsonException e) {
      throw new AssertionError(body, e);
    }
    return true;
  }

  private static BulkRequest read(String body) throws InvalidJsonException {
    return BulkRequest.read(body.getBytes(StandardCharsets.UTF_8));
  }
}
