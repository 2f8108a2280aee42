package io.presence.gateway.socket;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What comes out at the other end, however slowly that one reads. */
class FrameWriterTest {
  private static final int ROOM = 8;

  /** A network that takes {@link #ROOM} bytes until they are read. */
  private final ByteArrayEndPoint network = new ByteArrayEndPoint(new byte[0], ROOM, false);

  private final FrameWriter writer = new FrameWriter(network);
  private final List<String> written = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void close() {
    network.close();
  }

  @Test
  void shouldSayAtOnceThatAllIsWrittenIfItIs() {
    assertThat(write("abc")).isTrue();
    assertThat(network.takeOutputString(ISO_8859_1)).isEqualTo("abc");
    assertThat(written).isEmpty();
  }

  @Test
  void shouldWriteEveryByteInOrderWhenTheReaderStopsAndResumes() {
    String first = "0123456789abcdefghijklmnop";
    assertThat(write(first)).isFalse();
    assertThat(written).isEmpty();
    assertThat(readAll(first.length())).isEqualTo(first);
    await().until(() -> written.size() == 1);
    assertThat(write("QRSTUVWXYZ")).isFalse();
    assertThat(readAll(10)).isEqualTo("QRSTUVWXYZ");
    await().until(() -> written.size() == 2);
    assertThat(written).containsExactly(first, "QRSTUVWXYZ");
  }

  @Test
  void shouldPutPingAndNewestPongBetweenWholeFrames() {
    writer.pong(bytes("0123456789"));
    writer.ping();
    writer.pong(bytes("old"));
    writer.ping();
    writer.pong(bytes("new"));
    assertThat(write("more")).isFalse();
    String expected = "\u008a\n0123456789" + "\u0089\0" + "\u008a\u0003new" + "more";
    assertThat(readAll(expected.length())).isEqualTo(expected);
    await().until(() -> written.size() == 1);
  }

  @Test
  void shouldPingAndAnswerAtOnceWhenNothingIsUnderWay() {
    writer.ping();
    writer.pong(bytes("x"));
    assertThat(network.takeOutputString(ISO_8859_1)).isEqualTo("\u0089\0\u008a\u0001x");
  }

  @Test
  void shouldFinishAfterWhatIsUnderWayAndWaits() {
    assertThat(write("0123456789")).isFalse();
    writer.ping();
    AtomicInteger finished = new AtomicInteger();
    writer.finish(finished::incrementAndGet);
    writer.finish(finished::incrementAndGet);
    assertThat(finished).hasValue(0);
    assertThat(write("too late")).isFalse();
    assertThat(readAll(12)).isEqualTo("0123456789\u0089\0");
    await().until(() -> finished.get() == 2);
    assertThat(write("too late")).isFalse();
    writer.ping();
    writer.pong(bytes("x"));
    assertThat(network.getOutput().remaining()).isZero();
    assertThat(written).containsExactly("0123456789");
  }

  @Test
  void shouldFinishAtOnceWhenNothingIsUnderWay() {
    AtomicInteger finished = new AtomicInteger();
    writer.finish(finished::incrementAndGet);
    writer.finish(finished::incrementAndGet);
    assertThat(finished).hasValue(2);
  }

  @Test
  void shouldCloseWhatCannotBeWrittenTo() {
    network.shutdownOutput();
    assertThat(write("abc")).isFalse();
    assertThat(network.isOpen()).isFalse();
    assertThat(written).isEmpty();
  }

  private boolean write(String frames) {
    return writer.write(bytes(frames), () -> written.add(frames));
  }

  /** Reads so many bytes, a little at a time. */
  private String readAll(int length) {
    StringBuilder read = new StringBuilder();
    await()
        .until(
            () -> {
              read.append(network.takeOutputString(ISO_8859_1));
              return read.length() >= length;
            });
    return read.toString();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(ISO_8859_1));
  }
}
