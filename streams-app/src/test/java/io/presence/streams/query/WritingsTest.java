package io.presence.streams.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
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

  private final long start = now;

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
    pass(LIMIT + 1);
    find(10_000);
    assertThat(required()).isEqualTo(NEWEST + 10_000 - LIMIT);
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
    find(10_000);
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
  void shouldTellOfThoseThatNothingComesToAnyMore() {
    writings.found(OTHER, NEWEST, now, now);
    long asked = now;
    for (int i = 0; i < 7; i++) {
      find(0);
      asked = now;
      pass(250);
      assertThat(writings.still(now))
          .isEqualTo(i < 6 ? Map.of() : Map.of(CHANGELOG, asked, OTHER, start));
    }
    // Of one that brokers no longer tell of, nobody knows that there is nothing.
    pass(500);
    assertThat(writings.still(now)).isEqualTo(Map.of(CHANGELOG, asked));
    find(1);
    assertThat(writings.still(now)).isEmpty();
  }

  @Test
  void shouldRequireNoTimeOfACopyThatHasAllThereIs() {
    find(0);
    pass(LIMIT + 1);
    find(10_000);
    writings.ended(CHANGELOG, 7, now);
    assertThat(writings.required(CHANGELOG, 7L, now)).isEqualTo(Writings.ANY_TIME);
    assertThat(writings.required(CHANGELOG, 8L, now)).isEqualTo(Writings.ANY_TIME);
    // Of those that have not, or do not say, as much as before.
    assertThat(writings.required(CHANGELOG, 6L, now)).isEqualTo(NEWEST + 10_000 - LIMIT);
    assertThat(required()).isEqualTo(NEWEST + 10_000 - LIMIT);
    assertThat(writings.required(OTHER, 7L, now)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldTrustAnEndNoLongerThanThereMayHaveComeMore() {
    find(0);
    writings.ended(CHANGELOG, 7, now);
    pass(LIMIT);
    find(60_000);
    assertThat(writings.required(CHANGELOG, 7L, now)).isEqualTo(Writings.ANY_TIME);
    pass(1);
    assertThat(writings.required(CHANGELOG, 7L, now)).isEqualTo(NEWEST + 60_000 - LIMIT + 1);
  }

  @Test
  void shouldKnowNothingOfWhatIsOwned() {
    find(0);
    writings.ended(CHANGELOG, 7, now);
    writings.found(OTHER, NEWEST, now, now);
    writings.forget(CHANGELOG::equals);
    assertThat(writings.required(CHANGELOG, 7L, now)).isEqualTo(Long.MAX_VALUE);
    assertThat(writings.required(OTHER, null, now)).isEqualTo(NEWEST - LIMIT);
  }

  private void find(long newer) {
    writings.found(CHANGELOG, NEWEST + newer, now, now);
  }

  private long required() {
    return writings.required(CHANGELOG, null, now);
  }

  private void pass(long millis) {
    now += Duration.ofMillis(millis).toNanos();
  }
}
