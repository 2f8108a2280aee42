package io.presence.streams.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.StreamsMetadata;
import org.apache.kafka.streams.state.HostInfo;
import org.apache.kafka.streams.state.internals.StreamsMetadataImpl;
import org.junit.jupiter.api.Test;

class StandbyFreshnessTest {
  private static final List<StreamsMetadata> INSTANCES =
      List.of(
          new StreamsMetadataImpl(
              new HostInfo("a", 1),
              Set.of(),
              Set.of(new TopicPartition("events", 0), new TopicPartition("channel-events", 3)),
              Set.of(),
              Set.of(new TopicPartition("events", 1), new TopicPartition("channel-events", 4))),
          new StreamsMetadataImpl(
              new HostInfo("a", 2),
              Set.of(),
              Set.of(new TopicPartition("events", 1)),
              Set.of(),
              Set.of(new TopicPartition("events", 0))));

  @Test
  void shouldCompareWhatIsHeldForOthers() {
    Set<TopicPartition> owned =
        Set.of(new TopicPartition("events", 0), new TopicPartition("channel-events", 3));
    assertThat(StandbyFreshness.copies(INSTANCES, "a:1", "events", owned)).containsExactly(1);
    assertThat(StandbyFreshness.copies(INSTANCES, "a:1", "channel-events", owned))
        .containsExactly(4);
    assertThat(StandbyFreshness.copies(INSTANCES, "a:3", "events", owned)).isEmpty();
  }

  @Test
  void shouldCompareWhatIsAssignedAndNotOwnedYet() {
    assertThat(StandbyFreshness.copies(INSTANCES, "a:1", "events", Set.of()))
        .containsExactlyInAnyOrder(0, 1);
    assertThat(StandbyFreshness.copies(INSTANCES, "a:1", "channel-events", Set.of()))
        .containsExactlyInAnyOrder(3, 4);
  }
}
