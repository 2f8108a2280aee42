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
    writings.found(OTHER, NEWEST, now, now);
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldRequireMoreTheLongerAgoOnesOwnerWasAskedFor() {
    find(0);
    assertThat(required()).isEqualTo(NEWEST - LIMIT);
    pass(1_200);
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 1_200);
    pass(LIMIT - 1_200);
    assertThat(required()).isEqualTo(NEWEST);
    pass(1);
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldLearnNothingWhereBrokersDoNotSay() {
    assertThat(writings.found(CHANGELOG, -1, now, now)).isFalse();
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
    find(0);
    pass(1_200);
    assertThat(writings.found(CHANGELOG, -1, now, now)).isFalse();
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 1_200);
    pass(LIMIT - 1_200 + 1);
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldTakeStepsAsTheyAre() {
    find(0);
    pass(Writings.LEAP_MILLIS);
    find(Writings.LEAP_MILLIS);
    assertThat(required()).isEqualTo(NEWEST + Writings.LEAP_MILLIS - LIMIT);
    // A broker whose clock is behind has become the leader.
    find(-3_600_000);
    assertThat(required()).isEqualTo(NEWEST - 3_600_000 - LIMIT);
  }

  @Test
  void shouldLetACopyAnswerThatHasAllThatThereWasAMomentAgo() {
    find(0);
    // An owner that is late takes three seconds of its log in half a second, and dies.
    for (int i = 1; i <= 2; i++) {
      pass(250);
      find(1_500L * i);
    }
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 500);
    pass(100);
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 600);
    for (int i = 0; i < 100; i++) {
      pass(250);
      find(3_000);
    }
    // That a copy is behind is not more by that nothing more is written.
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 500);
    pass(LIMIT + 1);
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldLetNoCopyAnswerThatHasWhatThereWasLongerAgo() {
    find(0);
    pass(LIMIT);
    leap();
    writings.settleLeaps(changelogs -> Set.of());
    assertThat(required()).isEqualTo(NEWEST);
    pass(1);
    assertThat(required()).isEqualTo(NEWEST + 10_000 - LIMIT + 1);
  }

  @Test
  void shouldCountUntilTheAnswerFromWhenItWasAskedForForTheLastTime() {
    find(0);
    pass(1_000);
    find(0);
    long asked = now;
    pass(300);
    writings.found(CHANGELOG, NEWEST + 1_500, asked, now);
    assertThat(required()).isEqualTo(NEWEST + 600 - LIMIT);
  }

  @Test
  void shouldNotTakeAnAnswerThatWasOvertaken() {
    long asked = now;
    pass(250);
    find(500);
    writings.found(CHANGELOG, NEWEST, asked, now);
    assertThat(required()).isEqualTo(NEWEST + 500 - LIMIT);
  }

  @Test
  void shouldTakeALeapForNothingWhereThereIsNoRecord() {
    find(0);
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
    find(0);
    pass(LIMIT + 1);
    leap();
    writings.settleLeaps(changelogs -> Set.of());
    assertThat(required()).isEqualTo(NEWEST + 10_000 - LIMIT);
  }

  @Test
  void shouldKeepWhatThereWasBeforeALeap() {
    find(0);
    pass(500);
    find(700);
    pass(250);
    leap();
    pass(250);
    writings.settleLeaps(changelogs -> Set.of());
    assertThat(required()).isEqualTo(NEWEST - LIMIT + 1_000);
  }

  @Test
  void shouldLetNobodyAnswerWhereNobodyFindsOutWhatALeapIs() {
    find(0);
    for (int i = 0; i < 9; i++) {
      pass(250);
      leap();
    }
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldAskOnlyAboutThoseThatLeapt() {
    find(0);
    writings.found(OTHER, NEWEST, now, now);
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
    find(0);
    writings.found(OTHER, NEWEST, now, now);
    leap();
    writings.forget(CHANGELOG::equals);
    writings.settleLeaps(changelogs -> Set.of());
    assertThat(required()).isEqualTo(Long.MAX_VALUE);
    assertThat(writings.required(OTHER, now)).isEqualTo(NEWEST - LIMIT);
  }

  private void find(long newer) {
    writings.found(CHANGELOG, NEWEST + newer, now, now);
  }

  private void leap() {
    writings.found(CHANGELOG, NEWEST + 10_000, now, now);
  }

  private long required() {
    return writings.required(CHANGELOG, now);
  }

  private void pass(long millis) {
    now += Duration.ofMillis(millis).toNanos();
  }
}
