package io.presence.streams.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class StandstillTest {
  private long now = Long.MAX_VALUE - 1_000;
  private final Standstill standstill = new Standstill(() -> now);

  @Test
  void shouldHaveNoDoubtWhileItBeats() {
    for (int i = 0; i < 1_000; i++) {
      pass(Duration.ofMillis(250));
      standstill.beat();
      assertThat(standstill.isInDoubt()).isFalse();
    }
  }

  @Test
  void shouldDoubtFromTheFirstMomentAfterAStandstillAndForAWhile() {
    standstill.beat();
    pass(Standstill.LIMIT.plusMillis(1));
    // The one who beats has not been on yet.
    assertThat(standstill.isInDoubt()).isTrue();
    standstill.beat();
    assertThat(standstill.isInDoubt()).isTrue();
    for (int i = 0; i < 39; i++) {
      pass(Duration.ofMillis(250));
      standstill.beat();
      assertThat(standstill.isInDoubt()).isTrue();
    }
    pass(Duration.ofMillis(251));
    standstill.beat();
    assertThat(standstill.isInDoubt()).isFalse();
  }

  @Test
  void shouldNotDoubtAfterABreathAsShortAsACollectionOfGarbage() {
    standstill.beat();
    pass(Standstill.LIMIT);
    assertThat(standstill.isInDoubt()).isFalse();
    standstill.beat();
    assertThat(standstill.isInDoubt()).isFalse();
  }

  @Test
  void shouldTellWhetherItStoodStillAfterAMoment() {
    long before = standstill.now();
    assertThat(standstill.isSince(before)).isFalse();
    pass(Standstill.LIMIT.plusMillis(1));
    // The one who beats has not been on yet.
    assertThat(standstill.isSince(before)).isTrue();
    standstill.beat();
    assertThat(standstill.isSince(before)).isTrue();
    assertThat(standstill.isSince(standstill.now())).isFalse();
    pass(Duration.ofMillis(250));
    standstill.beat();
    assertThat(standstill.isSince(before)).isTrue();
    assertThat(standstill.isSince(standstill.now())).isFalse();
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }
}
