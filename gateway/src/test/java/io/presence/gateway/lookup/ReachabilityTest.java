package io.presence.gateway.lookup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ReachabilityTest {
  private long now = Long.MAX_VALUE - 1_000;
  private final Reachability reachability = new Reachability(() -> now);

  @Test
  void shouldAvoidWhoFailedAndLetOneTryEachSecond() {
    assertThat(reachability.isAvoided("a")).isFalse();
    reachability.failed("a");
    assertThat(reachability.isAvoided("a")).isTrue();
    assertThat(reachability.isAvoided("b")).isFalse();

    pass(Reachability.AVOIDED);
    assertThat(reachability.isAvoided("a")).as("one tries").isFalse();
    assertThat(reachability.isAvoided("a")).as("the others do not").isTrue();
    pass(Reachability.AVOIDED);
    assertThat(reachability.isAvoided("a")).as("the one has not come back").isFalse();
  }

  @Test
  void shouldTrustWhoAnsweredAgain() {
    reachability.failed("a");
    assertThat(reachability.hasFailed("a")).isTrue();
    reachability.answered("a");
    assertThat(reachability.isAvoided("a")).isFalse();
    assertThat(reachability.hasFailed("a")).isFalse();
  }

  /** One that is back must be asked again who owns what, though nobody looked anyone up there. */
  @Test
  void shouldForgetAFailureThatIsLongAgo() {
    reachability.failed("a");
    assertThat(reachability.hasFailed("a")).isTrue();
    pass(Reachability.AVOIDED);
    assertThat(reachability.hasFailed("a")).isFalse();
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }
}
