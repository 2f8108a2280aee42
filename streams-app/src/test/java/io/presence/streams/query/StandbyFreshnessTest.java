package io.presence.streams.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.StreamsMetadata;
import org.apache.kafka.streams.processor.StandbyUpdateListener.SuspendReason;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.state.HostInfo;
import org.apache.kafka.streams.state.internals.StreamsMetadataImpl;
import org.junit.jupiter.api.Test;

class StandbyFreshnessTest {
  private static final TopicPartition CHANGELOG = new TopicPartition("presence-changelog", 3);
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

  @Test
  void shouldForgetWhatACopyHadTakenInWhenItIsFilledAnew() {
    StandbyFreshness.TakenIn takenIn = new StandbyFreshness.TakenIn();
    TaskId task = new TaskId(0, 3);
    assertThat(takenIn.get(CHANGELOG)).isNull();

    takenIn.onUpdateStart(CHANGELOG, "presence", 0);
    assertThat(takenIn.get(CHANGELOG)).isEqualTo(-1);
    takenIn.onBatchLoaded(CHANGELOG, "presence", task, 100, 10, 120);
    assertThat(takenIn.get(CHANGELOG)).isEqualTo(100);
    takenIn.onUpdateStart(CHANGELOG, "presence", 0);
    assertThat(takenIn.get(CHANGELOG)).isEqualTo(-1);

    // What it had as a standby it still has as the owner-to-be.
    takenIn.onBatchLoaded(CHANGELOG, "presence", task, 110, 10, 120);
    takenIn.onUpdateSuspended(CHANGELOG, "presence", 110, 120, SuspendReason.PROMOTED);
    assertThat(takenIn.get(CHANGELOG)).isEqualTo(110);
    takenIn.onRestoreStart(CHANGELOG, "presence", 111, 121);
    assertThat(takenIn.get(CHANGELOG)).isEqualTo(110);
    takenIn.onRestoreStart(CHANGELOG, "presence", 0, 121);
    assertThat(takenIn.get(CHANGELOG)).isEqualTo(-1);
    takenIn.onBatchRestored(CHANGELOG, "presence", 120, 10);
    assertThat(takenIn.get(CHANGELOG)).isEqualTo(120);
    takenIn.onRestoreEnd(CHANGELOG, "presence", 10);
    assertThat(takenIn.get(CHANGELOG)).isNull();
  }
}
