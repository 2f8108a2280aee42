package io.presence.streams.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.streams.TopologySubject;
import io.presence.streams.model.Outputs;
import io.presence.streams.model.Rules;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The one punctuator is on the wall clock. */
class TicksTest {

  @Test
  void shouldAskForATickEachIntervalOfTheWallClockAndDoNothingElse() {
    try (TopologySubject topology = new TopologySubject(Rules.DEFAULT)) {
      for (int second = 0; second < 60; second++) {
        topology.wallClock(Duration.ofSeconds(1));
      }

      assertThat(topology.outputs())
          .isEqualTo(new Outputs(List.of(), List.of(), List.of(), List.of(), 60));
      assertThat(topology.changelogs()).isEmpty();
    }
  }
}
