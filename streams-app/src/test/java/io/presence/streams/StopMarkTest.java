package io.presence.streams;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopMarkTest {
  @TempDir Path directory;

  @Test
  void shouldNotBeFoundWhenNobodyStoppedInGoodOrder() {
    Path file = directory.resolve("stopped");
    assertThat(StopMark.take(file).found()).isFalse();
    assertThat(StopMark.take(file).found()).isFalse();
  }

  @Test
  void shouldBeFoundOnceAfterAStopInGoodOrder() {
    Path file = directory.resolve("stopped");
    StopMark.take(file).put();
    assertThat(StopMark.take(file).found()).isTrue();
    assertThat(StopMark.take(file).found()).as("who took it has not stopped yet").isFalse();
  }
}
