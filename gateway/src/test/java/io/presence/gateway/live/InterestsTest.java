package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.presence.gateway.live.Interests.Missed;
import io.presence.gateway.live.Interests.Waiting;
import io.presence.gateway.live.Interests.Write;
import io.presence.schemas.event.PresenceEvent.Interest;
import io.presence.schemas.event.PresenceEvent.Lease;
import io.presence.schemas.topic.Partitioning;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a gateway says of whom it watches, and what it believes, by example and by chance. */
class InterestsTest {
  private static final long RENEWAL = 10_000;
  private static final long LINGER = 30_000;
  private static final long PATIENCE = 2_000;

  private final Interests interests = interests(1, PATIENCE);

  private static Interests interests(int partitions, long patience) {
    return new Interests(new Interests.Rules("g", partitions, RENEWAL, LINGER, patience));
  }

  @Test
  void shouldSayThatItIsThereAndThenWhomItWatches() {
    interests.watched("ada");
    assertThat(said(0)).containsExactly("g.0 is there 0", "g.0 wants ada");
    assertThat(said(0)).isEmpty();
    assertThat(interests.restFor(1)).isEqualTo(RENEWAL - 1);
    assertThat(said(RENEWAL)).containsExactly("g.0 is there " + Interest.part("ada"));
    assertThat(interests.held()).isFalse();
    interests.begun("g.0", 0);
    assertThat(interests.held()).isTrue();
  }

  @Test
  void shouldWithdrawThirtySecondsAfterTheLastIsGone() {
    heard("ada", 5);
    interests.unwatched("ada", 1_000);
    assertThat(said(LINGER)).containsExactly("g.0 is there " + Interest.part("ada"));
    interests.watched("ada");
    interests.unwatched("ada", 2_000);
    assertThat(said(1_000 + LINGER)).isEmpty();
    assertThat(interests.unheard(List.of("ada"))).isNull();
    assertThat(said(2_000 + LINGER)).containsExactly("g.0 wants ada no more");
    assertThat(interests.knows("ada")).isFalse();
    assertThat(said(60_000)).containsExactly("g.0 is there 0");
  }

  @Test
  void shouldNotWithdrawBeforeTheAnswerIsHere() {
    interests.watched("ada");
    said(0);
    interests.unwatched("ada", 0);
    assertThat(said(LINGER)).containsExactly("g.0 is there " + Interest.part("ada"));
    interests.answered("g.0", "ada", 3, LINGER);
    assertThat(said(2 * LINGER)).containsExactly("g.0 wants ada no more", "g.0 is there 0");
  }

  @Test
  void shouldRunWhatWaitsOnceAllAreHeard() {
    interests.watched("ada");
    interests.watched("bea");
    said(0);
    List<String> ran = new ArrayList<>();
    assertThat(interests.await(List.of("ada", "bea"), () -> ran.add("both"))).isNotNull();
    Waiting impatient =
        Objects.requireNonNull(interests.await(List.of("ada"), () -> ran.add("never")));
    assertThat(interests.giveUp(impatient)).isTrue();
    assertThat(interests.giveUp(impatient)).isFalse();
    assertThat(interests.unheard(List.of("ada", "bea"))).containsOnly("ada", "bea");
    answer("g.0", "ada", 1);
    assertThat(ran).isEmpty();
    assertThat(interests.unheard(List.of("ada", "bea"))).containsOnly("bea");
    answer("g.0", "bea", 1);
    assertThat(ran).containsExactly("both");
    assertThat(interests.await(List.of("ada", "bea"), () -> ran.add("at once"))).isNull();
    assertThat(interests.unheard(List.of("ada", "bea"))).isNull();
  }

  @Test
  void shouldTellNothingBeforeTheAnswerAndThenWhatIsNewer() {
    interests.watched("ada");
    said(0);
    assertThat(change(4, 3)).isEmpty();
    assertThat(change(6, 5)).isEmpty();
    assertThat(answer("g.0", "ada", 5)).containsExactly(6L);
    assertThat(change(5, 4)).as("old").isEmpty();
    assertThat(change(6, 5)).as("twice").isEmpty();
    assertThat(change(7, 6)).containsExactly(7L);
    assertThat(change(9, 0)).as("erased in between").containsExactly(9L);
  }

  @Test
  void shouldTellInOrderWhatComesInTwoWays() {
    heard("ada", 1);
    assertThat(change(4, 3)).isEmpty();
    assertThat(change(3, 2)).isEmpty();
    assertThat(change(2, 1)).containsExactly(2L, 3L, 4L);
    assertThat(interests.missed(Long.MAX_VALUE)).isEmpty();
  }

  @Test
  void shouldNoticeWhatDoesNotCome() {
    heard("ada", 1);
    assertThat(change(4, 3)).isEmpty();
    assertThat(change(9, 7)).isEmpty();
    assertThat(change(5, 4)).isEmpty();
    assertThat(interests.missed(PATIENCE - 1)).isEmpty();
    List<Missed> missed = interests.missed(PATIENCE);
    assertThat(missed).hasSize(1);
    assertThat(missed.getFirst().required()).isEqualTo(7);
    assertThat(missed.getFirst().later()).extracting(Change::version).containsExactly(4L, 5L, 9L);
    assertThat(interests.missed(2 * PATIENCE)).isEmpty();
    assertThat(change(10, 9)).containsExactly(10L);
  }

  @Test
  void shouldBeginAnewWhereALeaseIsLost() {
    heard("ada", 5);
    heard("bea", 1);
    interests.unwatched("bea", 0);
    assertThat(interests.lost("g.7", 0)).as("another's").isFalse();
    assertThat(interests.lost("g.0", 0)).isTrue();
    assertThat(interests.unheard(List.of("ada"))).containsExactly("ada");
    assertThat(interests.knows("bea")).as("nobody watches").isFalse();
    assertThat(interests.lost("g.0", 0)).as("known already").isFalse();
    assertThat(said(0)).containsExactly("g.1 is there 0", "g.1 wants ada");
    assertThat(change(8, 7)).isEmpty();
    assertThat(answer("g.0", "ada", 6)).as("of the lease before").isEmpty();
    assertThat(answer("g.1", "ada", 7)).containsExactly(8L);
  }

  @Test
  void shouldBeginAnewAfterAPauseWhereAWriteFailed() {
    interests.watched("ada");
    List<Write> writes = interests.due(0);
    assertThat(interests.failed(writes.getLast(), 0)).as("nobody was heard").isFalse();
    assertThat(interests.failed(writes.getFirst(), 0)).as("of before").isFalse();
    assertThat(said(999)).isEmpty();
    assertThat(interests.restFor(999)).isEqualTo(1);
    assertThat(said(1_000)).containsExactly("g.1 is there 0", "g.1 wants ada");
  }

  @Test
  void shouldBeginAnewEverywhereAfterAGap() {
    heard("ada", 5);
    interests.gap();
    assertThat(said(0)).containsExactly("g.1 is there 0", "g.1 wants ada");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void shouldTellEachChangeOnceAndInOrderAsLongAsNothingIsLost(int seed) {
    new Play(seed, false).run();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void shouldKnowTheNewestInTheEndWhateverIsLost(int seed) {
    new Play(seed, true).run();
  }

  private void heard(String user, long version) {
    interests.watched(user);
    said(0);
    answer("g.0", user, version);
  }

  private List<Long> answer(String gateway, String user, long version) {
    Interests.Answered answered = interests.answered(gateway, user, version, 0);
    if (answered == null) {
      return List.of();
    }
    answered.ready().forEach(Runnable::run);
    return answered.told().stream().map(Change::version).toList();
  }

  private List<Long> change(long version, long after) {
    return interests.changed(change("ada", version), after, 0).stream()
        .map(Change::version)
        .toList();
  }

  private List<String> said(long now) {
    return interests.due(now).stream().map(InterestsTest::text).toList();
  }

  private static String text(Write write) {
    return switch (write.event()) {
      case Lease lease -> lease.gateway() + " is there " + lease.interests();
      case Interest interest ->
          interest.gateway() + " wants " + interest.userId() + (interest.on() ? "" : " no more");
      default -> throw new AssertionError(write);
    };
  }

  private static Change change(String user, long version) {
    String json =
        "{\"user_id\":\"%s\",\"version\":%d,\"at\":9.000,\"reason\":\"status_set\",\"presence\":null}"
            .formatted(user, version);
    try {
      return Change.read(json.getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One gateway and a slow, obvious streams-app, with everything under way between them. */
  private static final class Play {
    private static final int PARTITIONS = 2;
    private static final List<String> USERS =
        List.of("ada", "bea", "cid", "dot", "eli", "fay", "gus");

    private record Sent(String user, long version, long after) {}

    private final Random random;
    private final boolean losing;
    private final Interests interests;
    private long now;
    private int wrong;

    // The log, and what is made of it.
    private final List<Deque<Write>> log = new ArrayList<>();
    private final List<Map<String, Set<String>>> held = new ArrayList<>();
    private final Map<String, Long> versions = new HashMap<>();

    // What comes back: an inbox, and what all read, each in its own order.
    private final Deque<Object> inbox = new ArrayDeque<>();
    private final Map<Integer, Deque<Object>> common = new HashMap<>();

    /** Which version is before each. */
    private final Map<String, Long> before = new HashMap<>();

    // What those are told who watch.
    private final Set<String> watched = new TreeSet<>();
    private final Map<String, Long> told = new HashMap<>();

    private record Heard(String gateway, String user, long version) {}

    private record Taken(String gateway, int partition, boolean held) {}

    Play(int seed, boolean losing) {
      this.random = new Random(seed);
      this.losing = losing;
      // What is not lost comes, but there is no saying when.
      this.interests = interests(PARTITIONS, losing ? PATIENCE : Long.MAX_VALUE / 2);
      for (int p = 0; p < PARTITIONS; p++) {
        log.add(new ArrayDeque<>());
        held.add(new HashMap<>());
        common.put(p, new ArrayDeque<>());
      }
    }

    void run() {
      for (int step = 0; step < 30_000; step++) {
        now += random.nextInt(40);
        step();
      }
      // All that is under way comes.
      for (int i = 0; i < 40; i++) {
        now += RENEWAL / 4;
        write(false);
        for (int p = 0; p < PARTITIONS; p++) {
          while (process(p)) {
            // on to the next
          }
        }
        while (read(inbox)) {
          // on to the next
        }
        common
            .values()
            .forEach(
                topic -> {
                  while (read(topic)) {
                    // on to the next
                  }
                });
        missed();
      }
      Set<String> unheard = interests.unheard(List.copyOf(watched));
      assertThat(unheard).isNull();
      for (String user : watched) {
        assertThat(told.get(user)).as(user).isEqualTo(versions.getOrDefault(user, 0L));
      }
      if (!losing) {
        assertThat(wrong).isZero();
      }
    }

    private void step() {
      String user = USERS.get(random.nextInt(USERS.size()));
      switch (random.nextInt(12)) {
        case 0 -> {
          if (watched.add(user)) {
            interests.watched(user);
          }
        }
        case 1 -> {
          if (watched.remove(user)) {
            interests.unwatched(user, now);
          }
        }
        case 2, 3, 4 -> changed(user);
        case 5 -> write(losing && random.nextInt(40) == 0);
        case 6, 7 -> process(random.nextInt(PARTITIONS));
        case 8, 9 -> readSome(inbox);
        case 10 -> readSome(common.get(random.nextInt(PARTITIONS)));
        default -> {
          missed();
          if (losing && random.nextInt(400) == 0) {
            lose(random.nextInt(PARTITIONS));
          }
        }
      }
    }

    /** Something goes wrong. */
    private void lose(int partition) {
      switch (random.nextInt(3)) {
        case 0 -> held.get(partition).clear();
        case 1 -> {
          inbox.clear();
          common.values().forEach(Deque::clear);
          interests.gap();
        }
        default -> {
          // The gateway is away, and its leases run out.
          now += 5 * RENEWAL;
          held.forEach(Map::clear);
        }
      }
    }

    private void write(boolean fails) {
      for (Write write : interests.due(now)) {
        boolean lost = fails && random.nextBoolean();
        if (!fails || random.nextBoolean()) {
          log.get(write.partition()).add(write);
        } else {
          lost = true;
        }
        if (lost) {
          interests.failed(write, now);
        }
      }
    }

    private boolean process(int partition) {
      Write write = log.get(partition).poll();
      if (write == null) {
        return false;
      }
      Map<String, Set<String>> gateways = held.get(partition);
      switch (write.event()) {
        case Lease lease -> {
          Set<String> users = gateways.get(lease.gateway());
          if (users == null && lease.interests() == 0) {
            gateways.put(lease.gateway(), new HashSet<>());
            inbox.add(new Taken(lease.gateway(), partition, true));
          } else if (users == null
              || users.stream().mapToLong(Interest::part).sum() != lease.interests()) {
            gateways.remove(lease.gateway());
            inbox.add(new Taken(lease.gateway(), partition, false));
          }
        }
        case Interest interest -> {
          Set<String> users = gateways.get(interest.gateway());
          if (users != null && interest.on()) {
            users.add(interest.userId());
            inbox.add(
                new Heard(
                    interest.gateway(),
                    interest.userId(),
                    versions.getOrDefault(interest.userId(), 0L)));
          } else if (users != null) {
            users.remove(interest.userId());
          }
        }
        default -> throw new AssertionError(write);
      }
      return true;
    }

    private void changed(String user) {
      int partition = Partitioning.partitionOf(user, PARTITIONS);
      long after = versions.getOrDefault(user, 0L);
      long version = after + 1 + random.nextInt(3);
      versions.put(user, version);
      before.put(user + version, after);
      if (held.get(partition).values().stream().noneMatch(users -> users.contains(user))) {
        return;
      }
      Sent sent = new Sent(user, version, after);
      // Others come and go, who make them most or not.
      if (random.nextInt(3) == 0) {
        Objects.requireNonNull(common.get(partition)).add(sent);
      } else {
        inbox.add(sent);
      }
    }

    private void readSome(@Nullable Deque<Object> topic) {
      int some = random.nextInt(1, 10);
      while (some-- > 0 && read(topic)) {
        // on to the next
      }
    }

    private boolean read(@Nullable Deque<Object> topic) {
      Object next = topic == null ? null : topic.poll();
      switch (next) {
        case null -> {
          return false;
        }
        case Sent sent ->
            interests.changed(change(sent.user, sent.version), sent.after, now).forEach(this::tell);
        case Heard heard -> {
          Interests.Answered answered =
              interests.answered(heard.gateway, heard.user, heard.version, now);
          if (answered != null) {
            told.put(heard.user, heard.version);
            answered.told().forEach(this::tell);
          }
        }
        case Taken taken -> {
          if (taken.held) {
            interests.begun(taken.gateway, taken.partition);
          } else {
            if (interests.lost(taken.gateway, taken.partition)) {
              wrong++;
            }
          }
        }
        default -> throw new AssertionError(next);
      }
      return true;
    }

    /** Each comes after the one that was told before it. */
    private void tell(Change change) {
      String user = change.userId();
      assertThat(told.get(user)).isEqualTo(before.get(user + change.version()));
      told.put(user, change.version());
    }

    private void missed() {
      for (Missed missed : interests.missed(now)) {
        wrong++;
        long last = told.getOrDefault(missed.userId(), 0L);
        assertThat(missed.required()).isGreaterThan(last);
        for (Change change : missed.later()) {
          assertThat(change.version()).isGreaterThan(last);
          last = change.version();
        }
        told.put(missed.userId(), last);
      }
    }
  }
}
