package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What goes out of messages that leave together. */
class BatchTest {

  @Test
  void shouldFrameEachMessageByItsLength() {
    int[] lengths = {0, 125, 126, 0xffff, 0x10000};
    for (int length : lengths) {
      ByteBuffer frames = new Batch(List.of(message(length), message(3))).frames();
      assertThat(frames.get() & 0xff).isEqualTo(0x81);
      int first = frames.get();
      long read =
          first == 126 ? frames.getShort() & 0xffff : first == 127 ? frames.getLong() : first;
      assertThat(read).isEqualTo(length);
      assertThat(first == 127).isEqualTo(length > 0xffff);
      assertThat(first == 126).isEqualTo(length > 125 && length <= 0xffff);
      byte[] json = new byte[length];
      frames.get(json);
      assertThat(new String(json, UTF_8)).isEqualTo("x".repeat(length));
      byte[] rest = new byte[frames.remaining()];
      frames.get(rest);
      assertThat(rest).containsExactly(0x81, 3, 'x', 'x', 'x');
    }
  }

  @Test
  void shouldSayEventsWithTheirTypes() {
    Batch batch =
        new Batch(
            List.of(
                new Message("", ":".getBytes(UTF_8)),
                new Message("resync", "{\"type\":\"resync\"}".getBytes(UTF_8))));
    assertThat(UTF_8.decode(batch.events()).toString())
        .isEqualTo(":\n\nevent: resync\ndata: {\"type\":\"resync\"}\n\n");
  }

  @Test
  void shouldGiveEachCallerAViewOfItsOwn() {
    Batch batch = new Batch(List.of(message(3)));
    ByteBuffer read = batch.frames();
    read.position(read.limit());
    assertThat(batch.frames().remaining()).isEqualTo(5);
  }

  @Test
  void shouldBeOfTheSameMessagesOnly() {
    Message one = message(1);
    Message other = message(1);
    Batch batch = new Batch(List.of(one, other));
    assertThat(batch.isOf(List.of(one, other))).isTrue();
    assertThat(batch.isOf(List.of(other, one))).isFalse();
    assertThat(batch.isOf(List.of(one))).isFalse();
  }

  private static Message message(int length) {
    return new Message("presence_update", "x".repeat(length).getBytes(UTF_8));
  }
}
