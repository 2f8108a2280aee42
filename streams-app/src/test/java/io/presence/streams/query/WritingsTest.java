package io.presence.streams.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class WritingsTest {
  private static final TopicPartition CHANGELOG = new TopicPartition("presence-changelog", 3);
  private static final TopicPartition OTHER = new TopicPartition("presence-changelog", 4);
  private static final long LIMIT = Writings.LIMIT_MILLIS;

  /** In milliseconds of the log. */
  private static final long NEWEST = 1_764_000_000_000L;

  private final Writings writings = new Writings();

  /** In nanoseconds, about to begin anew. */
  private long now = Long.MAX_VALUE - Duration.ofMillis(700).toNanos();

  @Test
  void shouldLetNobodyAnswerOfWhatIsNotKnown() {
    writings.found(OTHER, NEWEST, now);
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldRequireMoreTheLongerAgoOnesOwnerWasAskedFor() {
    writings.found(CHANGELOG, NEWEST, now);
    assertThat(required()).isEqualTo(NEWEST - LIMIT);
    pass(1_200);
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 1_200);
    pass(LIMIT - 1_200);
    assertThat(required()).isEqualTo(NEWEST);
    pass(1);
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldTakeStepsAsTheyAre() {
    writings.found(CHANGELOG, NEWEST, now);
    pass(1_000);
    writings.found(CHANGELOG, NEWEST + Writings.LEAP_MILLIS, now);
    assertThat(required()).isEqualTo(NEWEST + Writings.LEAP_MILLIS - LIMIT);
    // A broker whose clock is behind has become the leader.
    writings.found(CHANGELOG, NEWEST - 3_600_000, now);
    assertThat(required()).isEqualTo(NEWEST - 3_600_000 - LIMIT);
  }

  @Test
  void shouldTakeALeapForNothingWhereThereIsNoRecord() {
    writings.found(CHANGELOG, NEWEST, now);
    pass(1_000);
    leap();
    // Not yet: what was known before holds.
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 1_000);
    pass(250);
    writings.settleLeaps(Set::copyOf);
    // The time in which there may have come more is counted from when it was asked for.
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 250);
  }

  @Test
  void shouldTakeALeapForWhatItIsWhereThereAreRecords() {
    writings.found(CHANGELOG, NEWEST, now);
    leap();
    writings.settleLeaps(changelogs -> Set.of());
    assertThat(required()).isEqualTo(NEWEST + 10_000 - LIMIT);
  }

  @Test
  void shouldLetNobodyAnswerWhereNobodyFindsOutWhatALeapIs() {
    writings.found(CHANGELOG, NEWEST, now);
    for (int i = 0; i < 9; i++) {
      pass(250);
      leap();
    }
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldAskOnlyAboutThoseThatLeapt() {
    writings.found(CHANGELOG, NEWEST, now);
    writings.found(OTHER, NEWEST, now);
    leap();
    writings.settleLeaps(
        changelogs -> {
          assertThat(changelogs).containsExactly(CHANGELOG);
          return changelogs;
        });
    writings.settleLeaps(
        changelogs -> {
          throw new AssertionError("there is nothing to be found out: " + changelogs);
        });
  }

  @Test
  void shouldKnowNothingOfWhatIsOwned() {
    writings.found(CHANGELOG, NEWEST, now);
    writings.found(OTHER, NEWEST, now);
    leap();
    writings.forget(CHANGELOG::equals);
    writings.settleLeaps(changelogs -> Set.of());
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
    assertThat(writings.required(OTHER, now)).isEqualTo(NEWEST - LIMIT);
  }

  private void leap() {
    writings.found(CHANGELOG, NEWEST + 10_000, now);
  }

  private long required() {
    return writings.required(CHANGELOG, now);
  }

  private void pass(long millis) {
    now += Duration.ofMillis(millis).toNanos();
  }
}
