package io.presence.schemas.query;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.presence.schemas.presence.Visibility;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class LookupCodecTest {
  private static final Lookup.Request REQUEST =
      new Lookup.Request("ada", List.of("bob", "x".repeat(128), "a@b.c:d-e_f"), true, true);
  private static final Lookup.Answer ANSWER =
      new Lookup.Answer(
          List.of(
              new Lookup.Entry(
                  Lookup.Outcome.SHOWN,
                  "{\"user_id\":\"bøb\"}".getBytes(UTF_8),
                  1764000000123L,
                  Visibility.CONTACTS,
                  true,
                  true),
              new Lookup.Entry(Lookup.Outcome.NOT_SHOWN, null, 7, Visibility.NOBODY, false, false),
              Lookup.Entry.NOT_HERE));

  private static final Lookup.Answer ANSWER_OF_ANOTHER =
      new Lookup.Answer(
          List.of(Lookup.Entry.NOT_HERE),
          new Ownership(
              4,
              List.of(
                  new Ownership.Instance(
                      "a:1", List.of(0, 1), List.of(2), List.of(3), List.of(1, 2))),
              "b:1",
              "x7"));

  @Test
  void shouldReadRequestThatWasWritten() throws Exception {
    assertThat(LookupCodec.readRequest(LookupCodec.write(REQUEST))).isEqualTo(REQUEST);
    Lookup.Request stranger = new Lookup.Request(null, List.of(), false, false);
    assertThat(LookupCodec.readRequest(LookupCodec.write(stranger))).isEqualTo(stranger);
  }

  @Test
  void shouldReadAnswerThatWasWritten() throws Exception {
    Lookup.Answer read = LookupCodec.readAnswer(LookupCodec.write(ANSWER));
    assertThat(read).usingRecursiveComparison().isEqualTo(ANSWER);
    assertThat(LookupCodec.readAnswer(LookupCodec.write(ANSWER_OF_ANOTHER)))
        .isEqualTo(ANSWER_OF_ANOTHER);
  }

  @Test
  void shouldRefuseWhatFollowsAnAnswerAndIsNoOwnership() {
    for (byte[] whole : List.of(LookupCodec.write(ANSWER), LookupCodec.write(ANSWER_OF_ANOTHER))) {
      assertThatThrownBy(() -> LookupCodec.readAnswer(Arrays.copyOf(whole, whole.length + 1)))
          .isInstanceOf(LookupFormatException.class)
          .hasMessageContaining("no ownership");
    }
  }

  @Test
  void shouldNotWriteMoreIdsThanAllowed() {
    List<String> ids = Collections.nCopies(LookupCodec.MAX_IDS + 1, "a");
    assertThatThrownBy(() -> LookupCodec.write(new Lookup.Request(null, ids, false, false)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("10001");
  }

  @Test
  void shouldSayWhichFormatWhenAnotherOneCame() {
    assertThatThrownBy(() -> LookupCodec.readRequest(new byte[] {9}))
        .isInstanceOf(LookupFormatException.class)
        .hasMessageContaining("format 9");
  }

  @Test
  void shouldRefuseHugeCountBeforeAllocating() {
    byte[] bytes = {1, 0x7f, (byte) 0xff, (byte) 0xff, (byte) 0xff};
    assertThatThrownBy(() -> LookupCodec.readAnswer(bytes))
        .isInstanceOf(LookupFormatException.class)
        .hasMessageContaining("count");
  }

  @Test
  void shouldRefuseWhatIsCutOffOrTooLong() {
    for (byte[] whole : List.of(LookupCodec.write(REQUEST), LookupCodec.write(ANSWER))) {
      for (int length = 0; length < whole.length; length++) {
        byte[] part = Arrays.copyOf(whole, length);
        assertThatThrownBy(() -> LookupCodec.readRequest(part))
            .isInstanceOf(LookupFormatException.class);
        assertThatThrownBy(() -> LookupCodec.readAnswer(part))
            .isInstanceOf(LookupFormatException.class);
      }
    }
    byte[] request = LookupCodec.write(REQUEST);
    assertThatThrownBy(() -> LookupCodec.readRequest(Arrays.copyOf(request, request.length + 1)))
        .hasMessageContaining("1 bytes too many");
  }

  @Test
  void shouldThrowNothingElseWhenGivenGarbage() {
    Random random = new Random(42);
    for (int i = 0; i < 20_000; i++) {
      byte[] garbage =
          LookupCodec.write(i % 2 == 0 ? REQUEST : new Lookup.Request("a", List.of(), true, false));
      if (i % 3 == 0) {
        garbage = LookupCodec.write(i % 2 == 0 ? ANSWER : ANSWER_OF_ANOTHER);
      }
      for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
        garbage[random.nextInt(garbage.length)] = (byte) random.nextInt();
      }
      byte[] bytes = garbage;
      assertThatCode(() -> readBoth(bytes)).doesNotThrowAnyException();
    }
  }

  private static void readBoth(byte[] bytes) {
    try {
      LookupCodec.readRequest(bytes);
    } catch (LookupFormatException expected) {
      assertThat(expected).hasMessageNotContaining("null");
    }
    try {
      LookupCodec.readAnswer(bytes);
    } catch (LookupFormatException expected) {
      assertThat(expected).hasMessageNotContaining("null");
    }
  }
}
