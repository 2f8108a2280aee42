package io.presence.gateway.limit;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.presence.gateway.auth.Identity;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Limits per identity and per address. Heartbeats have buckets of their own, so that nothing else
 * that someone does starves them; an address, behind which many users may be, has ten times as many
 * of them. A service, which speaks for many, has a hundred times what a user has, and heartbeats
 * without limit but that of its address.
 *
 * <p>Buckets are kept for 100,000 identities and as many addresses, those last seen.
 */
public final class RateLimits {
  static final int SERVICE_FACTOR = 100;
  static final int ADDRESS_HEARTBEAT_FACTOR = 10;
  private static final int MAX_BUCKETS = 100_000;
  private static final Duration KEPT = Duration.ofMinutes(10);

  /**
   * @param writes events a second and user; null: no limit
   * @param lookups ids a second and user; null: no limit
   * @param requests requests a second and address; null: no limit
   */
  public record Rates(
      @Nullable Integer writes, @Nullable Integer lookups, @Nullable Integer requests) {}

  /** The buckets of one kind; users and services apart, for their names may be the same. */
  private record Key(String name, boolean service) {}

  private final @Nullable LoadingCache<Key, TokenBucket> writes;
  private final @Nullable LoadingCache<Key, TokenBucket> heartbeats;
  private final @Nullable LoadingCache<Key, TokenBucket> lookups;
  private final @Nullable LoadingCache<String, TokenBucket> requests;
  private final @Nullable LoadingCache<String, TokenBucket> addressHeartbeats;

  public RateLimits(Rates rates, Clock clock) {
    this.writes = byIdentity(rates.writes(), clock);
    this.heartbeats = byIdentity(rates.writes(), clock);
    this.lookups = byIdentity(rates.lookups(), clock);
    this.requests = byAddress(rates.requests(), 1, clock);
    this.addressHeartbeats = byAddress(rates.requests(), ADDRESS_HEARTBEAT_FACTOR, clock);
  }

  /** One request from an address. */
  public void request(String address, boolean heartbeat) throws TooManyRequestsException {
    take(heartbeat ? addressHeartbeats : requests, address, 1, "requests from this address");
  }

  /** So many events, heartbeats not among them. */
  public void writes(Identity identity, int events) throws TooManyRequestsException {
    if (events > 0) {
      take(writes, new Key(identity.name(), identity.service()), events, "writes");
    }
  }

  /** So many heartbeats. */
  public void heartbeats(Identity identity, int events) throws TooManyRequestsException {
    if (events > 0 && !identity.service()) {
      take(heartbeats, new Key(identity.name(), false), events, "heartbeats");
    }
  }

  /** So many ids looked up. */
  public void lookups(Identity identity, int ids) throws TooManyRequestsException {
    take(lookups, new Key(identity.name(), identity.service()), ids, "lookups");
  }

  private static <K> void take(
      @Nullable LoadingCache<K, TokenBucket> buckets, K key, int cost, String what)
      throws TooManyRequestsException {
    if (buckets == null) {
      return;
    }
    Duration wait = buckets.get(key).take(cost);
    if (wait.isPositive()) {
      throw new TooManyRequestsException(what, wait);
    }
  }

  private static @Nullable LoadingCache<Key, TokenBucket> byIdentity(
      @Nullable Integer rate, Clock clock) {
    if (rate == null) {
      return null;
    }
    double perSecond = rate;
    return buckets()
        .build(
            key -> new TokenBucket(key.service() ? perSecond * SERVICE_FACTOR : perSecond, clock));
  }

  private static @Nullable LoadingCache<String, TokenBucket> byAddress(
      @Nullable Integer rate, int factor, Clock clock) {
    if (rate == null) {
      return null;
    }
    double perSecond = (double) rate * factor;
    return buckets().build(address -> new TokenBucket(perSecond, clock));
  }

  private static Caffeine<Object, Object> buckets() {
    return Caffeine.newBuilder().maximumSize(MAX_BUCKETS).expireAfterAccess(KEPT);
  }
}
