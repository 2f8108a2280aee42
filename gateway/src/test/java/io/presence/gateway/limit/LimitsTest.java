package io.presence.gateway.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.presence.gateway.auth.Identity;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class LimitsTest {
  private static final Identity ADA = new Identity("ada", "ada", false, false);
  private static final Identity BOB = new Identity("bob", "bob", false, false);
  private static final Identity BACKEND = new Identity(null, "ada", true, false);

  private final AtomicLong nanos = new AtomicLong(-5);
  private final Clock clock = nanos::get;
  private final RateLimits limits = new RateLimits(new RateLimits.Rates(5, 100, 10), clock);

  @Test
  void shouldGiveTenSecondsWorthAtOnceAndThenWhatFlowsIn() {
    TokenBucket bucket = new TokenBucket(2, clock);
    for (int i = 0; i < 20; i++) {
      assertThat(bucket.take(1)).isZero();
    }
    assertThat(bucket.take(1)).isEqualTo(Duration.ofMillis(500));
    advance(Duration.ofMillis(499));
    assertThat(bucket.take(1)).isPositive();
    advance(Duration.ofMillis(1));
    assertThat(bucket.take(1)).isZero();
    assertThat(bucket.take(1)).isPositive();
    advance(Duration.ofHours(1));
    for (int i = 0; i < 20; i++) {
      assertThat(bucket.take(1)).isZero();
    }
    assertThat(bucket.take(1)).isPositive();
  }

  @Test
  void shouldLetLargeRequestThroughAndHaveItPaidAfter() {
    TokenBucket bucket = new TokenBucket(10, clock);
    assertThat(bucket.take(150)).isZero();
    assertThat(bucket.take(1)).isEqualTo(Duration.ofMillis(5_100));
    advance(Duration.ofMillis(5_100));
    assertThat(bucket.take(1)).isZero();
  }

  @Test
  void shouldKeepIdentitiesApart() throws Exception {
    limits.writes(ADA, 50);
    assertThatThrownBy(() -> limits.writes(ADA, 1))
        .isInstanceOfSatisfying(
            TooManyRequestsException.class,
            e -> assertThat(e.retryAfter()).isEqualTo(Duration.ofMillis(200)))
        .hasMessageContaining("writes");
    limits.writes(BOB, 1);
    limits.lookups(ADA, 1);
    limits.writes(BACKEND, 1);
  }

  @Test
  void shouldNotStarveHeartbeats() throws Exception {
    limits.writes(ADA, 50);
    limits.lookups(ADA, 1_000);
    limits.heartbeats(ADA, 1);
    for (int i = 0; i < 100; i++) {
      limits.request("10.0.0.1", false);
    }
    assertThatThrownBy(() -> limits.request("10.0.0.1", false))
        .isInstanceOf(TooManyRequestsException.class);
    limits.request("10.0.0.1", true);
    limits.request("10.0.0.2", false);
  }

  @Test
  void shouldGiveServiceHundredTimesAsMuchAndHeartbeatsFreely() throws Exception {
    limits.writes(BACKEND, 5_000);
    assertThatThrownBy(() -> limits.writes(BACKEND, 1))
        .isInstanceOf(TooManyRequestsException.class);
    limits.heartbeats(BACKEND, 1_000_000);
    limits.heartbeats(BACKEND, 1_000_000);
  }

  @Test
  void shouldBelieveForwardedForOnlyFromTrustedProxies() {
    ClientAddress none = new ClientAddress("");
    assertThat(none.of("10.0.0.1", "1.2.3.4")).isEqualTo("10.0.0.1");
    ClientAddress proxies = new ClientAddress("10.0.0.1, 192.168.0.0/16");
    assertThat(proxies.of("10.0.0.1", "1.2.3.4")).isEqualTo("1.2.3.4");
    assertThat(proxies.of("10.0.0.2", "1.2.3.4")).isEqualTo("10.0.0.2");
    assertThat(proxies.of("10.0.0.1", "6.6.6.6, 1.2.3.4, 192.168.7.7")).isEqualTo("1.2.3.4");
    assertThat(proxies.of("10.0.0.1", "6.6.6.6, evil.example")).isEqualTo("10.0.0.1");
    assertThat(proxies.of("10.0.0.1", null)).isEqualTo("10.0.0.1");
  }

  @Test
  void shouldCountNetworkOfIpv6Address() {
    ClientAddress addresses = new ClientAddress("::1");
    assertThat(addresses.of("2001:db8:1:2:3:4:5:6", null))
        .isEqualTo(addresses.of("[2001:db8:1:2::9]", null))
        .isNotEqualTo(addresses.of("2001:db8:1:3::9", null));
    assertThat(addresses.of("0:0:0:0:0:0:0:1", "1.2.3.4")).isEqualTo("1.2.3.4");
  }

  private void advance(Duration duration) {
    nanos.addAndGet(duration.toNanos());
  }
}
