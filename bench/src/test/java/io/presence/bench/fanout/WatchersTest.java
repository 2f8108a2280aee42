package io.presence.bench.fanout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.presence.bench.load.Ascii;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WatchersTest {
  @Test
  void shouldCountEachUpdateOnceForEachWatcherWhenManyAreUnderWay() throws Exception {
    byte[] update =
        Ascii.bytes("{\"type\":\"presence_update\",\"text\":\"" + "x".repeat(200) + "\"}");
    try (Floor floor = new Floor(update)) {
      Thread thread = serve(floor);
      try (Watchers watchers = new Watchers(floor.port(), 20, "ada")) {
        Watchers.Run one = watchers.run(1, Duration.ofMillis(50));
        Watchers.Run many = watchers.run(16, Duration.ofMillis(50));

        assertThat(one.deliveries()).isPositive().matches(count -> count % 20 == 0);
        assertThat(one.latencies().getTotalCount()).isEqualTo(one.deliveries());
        assertThat(many.deliveries()).isGreaterThanOrEqualTo(16 * 20);
        assertThat(many.latencies().getTotalCount()).isEqualTo(many.deliveries());
        assertThat(watchers.lastUpdate()).isEqualTo(update);
      }
      floor.close();
      thread.join();
    }
  }

  @Test
  void shouldFailWhenNobodyListens() throws Exception {
    int port;
    try (Floor floor = new Floor(Ascii.bytes("{}"))) {
      port = floor.port();
    }

    assertThatThrownBy(() -> new Watchers(port, 1, "ada")).isInstanceOf(IOException.class);
  }

  private static Thread serve(Floor floor) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                floor.run();
              } catch (IOException | java.nio.channels.ClosedSelectorException e) {
                // It was closed while it waited.
              }
            });
  }
}
