package io.presence.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.topic.Topics;
import io.presence.streams.core.ChannelRules;
import io.presence.streams.core.Rules;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.StoreBuilder;
import org.junit.jupiter.api.Test;

class TopologyDescriptionTest {
  private static final PresenceTopology.Configuration CONFIGURATION =
      new PresenceTopology.Configuration(
          new Topics(""),
          8,
          Rules.from(Map.of()),
          Duration.ofSeconds(1),
          Duration.ofDays(30),
          ChannelRules.from(Map.of()),
          Duration.ofSeconds(1),
          false);

  @Test
  void shouldBeWhatWasLastReviewed() throws IOException {
    Topology topology = PresenceTopology.build(CONFIGURATION, partition -> {}, partition -> {});
    try (InputStream reviewed =
        Objects.requireNonNull(getClass().getResourceAsStream("/topology.txt"))) {
      assertThat(topology.describe().toString().strip())
          .isEqualTo(new String(reviewed.readAllBytes(), StandardCharsets.UTF_8).strip());
    }
  }

  @Test
  void shouldLogWhatABrokerStampedWhoseClockIsFarAhead() {
    for (StoreBuilder<?> store :
        List.of(
            PresenceTopology.presenceStore(CONFIGURATION),
            PresenceTopology.historyStore(CONFIGURATION),
            PresenceTopology.channelStore(CONFIGURATION))) {
      assertThat(store.logConfig())
          .as(store.name())
          .containsEntry(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG, Topics.ANY_TIME);
    }
  }
}
