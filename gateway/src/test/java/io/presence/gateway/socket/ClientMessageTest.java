package io.presence.gateway.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Patch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What clients say, held against the published samples. */
class ClientMessageTest {
  private static final Path SAMPLES =
      Path.of("../schemas/src/main/resources/samples/socket-client");

  static List<Path> good() throws IOException {
    return Stream.concat(samples("valid").stream(), samples("tolerated").stream()).toList();
  }

  static List<Path> bad() throws IOException {
    return samples("invalid");
  }

  @ParameterizedTest
  @MethodSource("good")
  void shouldTakeWhatIsValid(Path sample) throws Exception {
    assertThat(read(Files.readAllBytes(sample))).isNotInstanceOf(ClientMessage.Unknown.class);
  }

  @ParameterizedTest
  @MethodSource("bad")
  void shouldRefuseWhatIsNot(Path sample) throws Exception {
    byte[] json = Files.readAllBytes(sample);
    try {
      assertThat(read(json)).isInstanceOf(ClientMessage.Unknown.class);
    } catch (InvalidJsonException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Test
  void shouldLeaveAsItIsWhatIsNull() throws Exception {
    assertThat(
            read(
                "{'type':'set_status','status':'busy','custom_status':null,'activity':null,'expires_in':null,'custom_status_expires_in':null}"))
        .isEqualTo(
            new ClientMessage.StatusSet(
                SetStatus.BUSY, Patch.keep(), Patch.keep(), Patch.keep(), null));
    assertThat(
            read(
                "{'type':'set_status','status':'offline','custom_status':'','activity':'','expires_in':1.5,'custom_status_expires_in':2}"))
        .isEqualTo(
            new ClientMessage.StatusSet(
                SetStatus.INVISIBLE,
                Patch.clear(),
                Patch.set(Duration.ofSeconds(2)),
                Patch.clear(),
                Duration.ofMillis(1500)));
    assertThat(read("{'type':'heartbeat','device':null,'active':null}"))
        .isEqualTo(new ClientMessage.Heartbeat(null, null));
  }

  @Test
  void shouldNameTheField() {
    assertThatThrownBy(() -> read("{'type':'heartbeat','active':'yes'}"))
        .isInstanceOf(InvalidJsonException.class)
        .hasMessageContaining("active");
  }

  private static ClientMessage read(String json) throws InvalidJsonException {
    return read(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static ClientMessage read(byte[] json) throws InvalidJsonException {
    return ClientMessage.read(ClientMessage.parse(json));
  }

  private static List<Path> samples(String kind) throws IOException {
    try (Stream<Path> files = Files.list(SAMPLES.resolve(kind))) {
      return files.sorted().toList();
    }
  }
}
