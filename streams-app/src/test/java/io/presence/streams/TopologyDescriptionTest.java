package io.presence.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.topic.Topics;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.core.Rules;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.streams.Topology;
import org.junit.jupiter.api.Test;

class TopologyDescriptionTest {
  @Test
  void shouldBeWhatWasLastReviewed() throws IOException {
    Topology topology =
        PresenceTopology.build(
            new PresenceTopology.Configuration(
                new Topics(""),
                8,
                Rules.from(Map.of()),
                Duration.ofSeconds(1),
                Duration.ofDays(30),
                ChannelRules.from(Map.of()),
                Duration.ofSeconds(1),
                false),
            partition -> {},
            partition -> {});
    try (InputStream reviewed =
        Objects.requireNonNull(getClass().getResourceAsStream("/topology.txt"))) {
      assertThat(topology.describe().toString().strip())
          .isEqualTo(new String(reviewed.readAllBytes(), StandardCharsets.UTF_8).strip());
    }
  }
}
