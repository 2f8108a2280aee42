package io.presence.streams.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent.Interest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is told of whom, by example and against a slow model. */
class InterestsTest {
  private static final long LEASE = 30_000;

  /** The inbox of {@code g3b.0} is 3. */
  private static int inbox(String name) {
    return name.charAt(1) - '0';
  }

  private final Interests interests = new Interests();

  InterestsTest() {
    interests.takeUp(new Interests.Rules(LEASE, 50, InterestsTest::inbox), 0);
  }

  @Test
  void shouldTellNobodyOfWhomNobodyWatches() {
    begin("g1.0", 0);
    assertThat(interests.route("ada")).isNull();
  }

  @Test
  void shouldTellTheInboxesOfThoseWhoWatchOnceEach() {
    for (String gateway : List.of("g1.0", "g2.0", "g3.0", "g4.0", "g5.0", "g1b.0")) {
      begin(gateway, 0);
    }
    interests.add("ada", "g2.0");
    assertThat(interests.route("ada")).containsExactly(2);
    interests.add("ada", "g1.0");
    interests.add("ada", "g1b.0");
    interests.add("ada", "g1b.0");
    assertThat(interests.route("ada")).containsExactly(1, 2);
    interests.remove("ada", "g1.0");
    assertThat(interests.route("ada")).containsExactly(1, 2);
    interests.remove("ada", "g1b.0");
    interests.remove("ada", "g1b.0");
    assertThat(interests.route("ada")).containsExactly(2);
    interests.remove("ada", "g2.0");
    assertThat(interests.route("ada")).isNull();
  }

  @Test
  void shouldTellAllOfWhomMostWatch() {
    for (String gateway : List.of("g1.0", "g2.0", "g3.0", "g4.0")) {
      begin(gateway, 0);
    }
    interests.add("ada", "g1.0");
    interests.add("ada", "g2.0");
    assertThat(interests.route("ada")).as("half of them").containsExactly(1, 2);
    interests.add("ada", "g3.0");
    assertThat(interests.route("ada")).isEmpty();
    begin("g5.0", 0);
    begin("g6.0", 0);
    assertThat(interests.route("ada")).containsExactly(1, 2, 3);
  }

  @Test
  void shouldUseTheInboxOfTheOnlyGateway() {
    begin("g1.0", 0);
    interests.add("ada", "g1.0");
    assertThat(interests.route("ada")).containsExactly(1);
  }

  @Test
  void shouldForgetAGatewayThatIsNotHeardOf() {
    begin("g1.0", 0);
    begin("g2.0", 10_000);
    interests.add("ada", "g1.0");
    interests.add("ada", "g2.0");
    assertThat(interests.over(LEASE - 1)).isEmpty();
    assertThat(interests.over(LEASE)).containsExactly("g1.0");
    interests.letGo("g1.0");
    assertThat(interests.route("ada")).containsExactly(2);
    assertThat(interests.leftOver(10)).containsExactly(new Interests.Pair("ada", "g1.0"));
    interests.remove("ada", "g1.0");
    assertThat(interests.leftOver(10)).isEmpty();
    assertThat(interests.pairs()).containsExactly(new Interests.Pair("ada", "g2.0"));
    assertThat(interests.lease("g1.0", Interest.part("ada"), LEASE))
        .as("it thinks that it is told of ada")
        .isEqualTo(Interests.Lease.LOST);
  }

  @Test
  void shouldGoOnWithALeaseAsLongAsBothKnowTheSame() {
    assertThat(interests.lease("g1.0", 0, 0)).isEqualTo(Interests.Lease.BEGUN);
    begin("g1.0", 0);
    interests.add("ada", "g1.0");
    assertThat(interests.lease("g1.0", Interest.part("ada"), 20_000))
        .isEqualTo(Interests.Lease.RENEWED);
    assertThat(interests.over(LEASE)).isEmpty();
    assertThat(interests.lease("g1.0", 0, 20_000)).isEqualTo(Interests.Lease.LOST);
    assertThat(interests.lease("g1.0", Interest.part("bea"), 20_000))
        .isEqualTo(Interests.Lease.LOST);
    assertThat(interests.lease("g9.0", 7, 0)).as("unknown").isEqualTo(Interests.Lease.LOST);
  }

  @Test
  void shouldGiveAWholeLeaseAfterARestart() {
    begin("g1.0", 0);
    interests.add("ada", "g1.0");
    interests.takeUp(new Interests.Rules(LEASE, 50, InterestsTest::inbox), 100_000);
    assertThat(interests.over(100_000 + LEASE - 1)).isEmpty();
    assertThat(interests.over(100_000 + LEASE)).containsExactly("g1.0");
  }

  @Test
  void shouldTakeNoGatewayBackWhileSomethingOfItIsLeftOver() {
    begin("g1.0", 0);
    interests.add("ada", "g1.0");
    interests.letGo("g1.0");
    assertThat(interests.lease("g1.0", 0, 0)).isEqualTo(Interests.Lease.LOST);
    assertThat(interests.lease("g1.1", 0, 0)).isEqualTo(Interests.Lease.BEGUN);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void shouldDoAsAModelDoes(int seed) {
    Random random = new Random(seed);
    int share = random.nextInt(1, 101);
    Interests.Rules rules = new Interests.Rules(LEASE, share, InterestsTest::inbox);
    Interests tried = new Interests();
    tried.takeUp(rules, 0);
    Model model = new Model(share);
    long now = 0;
    for (int step = 0; step < 5_000; step++) {
      now += random.nextInt(200);
      String gateway =
          "g" + random.nextInt(1, 8) + (char) ('a' + random.nextInt(2)) + "." + random.nextInt(3);
      String user = "user" + random.nextInt(12);
      for (String over : tried.over(now)) {
        tried.letGo(over);
      }
      tried.leftOver(random.nextInt(4)).forEach(p -> tried.remove(p.userId(), p.gateway()));
      model.expire(now);
      switch (random.nextInt(20)) {
        case 0 -> {
          // As the store tells it again after a restart: gateways first, or after what they watch.
          List<Interests.Pair> pairs = tried.pairs();
          List<String> held = tried.held();
          boolean before = random.nextBoolean();
          tried.clear();
          if (before) {
            held.forEach(tried::hold);
          }
          pairs.forEach(pair -> tried.add(pair.userId(), pair.gateway()));
          if (!before) {
            held.forEach(tried::hold);
          }
          tried.takeUp(rules, now);
          long restarted = now;
          model.deadlines.replaceAll((each, deadline) -> restarted + LEASE);
        }
        case 1, 2, 3, 4 -> {
          long sum = random.nextInt(6) == 0 ? random.nextInt(3) : model.sum(gateway);
          boolean left = tried.pairs().stream().anyMatch(p -> p.gateway().equals(gateway));
          Interests.Lease lease = tried.lease(gateway, sum, now);
          if (model.deadlines.containsKey(gateway)) {
            assertThat(lease)
                .isEqualTo(
                    sum == model.sum(gateway) ? Interests.Lease.RENEWED : Interests.Lease.LOST);
          } else {
            assertThat(lease)
                .isEqualTo(sum == 0 && !left ? Interests.Lease.BEGUN : Interests.Lease.LOST);
          }
          switch (lease) {
            case RENEWED -> model.deadlines.put(gateway, now + LEASE);
            case BEGUN -> {
              tried.hold(gateway);
              tried.begin(gateway, now);
              model.deadlines.put(gateway, now + LEASE);
            }
            case LOST -> {
              tried.letGo(gateway);
              model.letGo(gateway);
            }
          }
        }
        default -> {
          if (model.deadlines.containsKey(gateway)) {
            assertThat(tried.isHeld(gateway)).isTrue();
            if (random.nextInt(3) > 0) {
              tried.add(user, gateway);
              model.add(user, gateway);
            } else {
              tried.remove(user, gateway);
              model.remove(user, gateway);
            }
          } else {
            assertThat(tried.isHeld(gateway)).isFalse();
          }
        }
      }
      for (int i = 0; i < 12; i++) {
        int[] route = tried.route("user" + i);
        assertThat(route == null ? null : ints(route)).isEqualTo(model.route("user" + i));
      }
    }
  }

  private void begin(String gateway, long now) {
    assertThat(interests.lease(gateway, 0, now)).isEqualTo(Interests.Lease.BEGUN);
    interests.hold(gateway);
    interests.begin(gateway, now);
  }

  private static List<Integer> ints(int[] route) {
    List<Integer> all = new ArrayList<>();
    for (int inbox : route) {
      all.add(inbox);
    }
    return all;
  }

  /** The same, with nothing kept but who watches whom. */
  private static final class Model {
    private final int share;
    private final Map<String, Long> deadlines = new TreeMap<>();
    private final Map<String, Set<String>> users = new HashMap<>();

    Model(int share) {
      this.share = share;
    }

    void expire(long now) {
      List.copyOf(deadlines.keySet()).stream()
          .filter(gateway -> deadlines.getOrDefault(gateway, 0L) <= now)
          .forEach(this::letGo);
    }

    void letGo(String gateway) {
      deadlines.remove(gateway);
      users.remove(gateway);
    }

    void add(String user, String gateway) {
      users.computeIfAbsent(gateway, name -> new HashSet<>()).add(user);
    }

    void remove(String user, String gateway) {
      users.getOrDefault(gateway, new HashSet<>()).remove(user);
    }

    long sum(String gateway) {
      return users.getOrDefault(gateway, Set.of()).stream().mapToLong(Interest::part).sum();
    }

    @Nullable List<Integer> route(String user) {
      Set<Integer> all = new TreeSet<>();
      Set<Integer> those = new TreeSet<>();
      for (String gateway : deadlines.keySet()) {
        all.add(inbox(gateway));
        if (users.getOrDefault(gateway, Set.of()).contains(user)) {
          those.add(inbox(gateway));
        }
      }
      if (those.isEmpty()) {
        return null;
      }
      return those.size() > 1 && those.size() * 100 > share * all.size()
          ? List.of()
          : List.copyOf(those);
    }
  }
}
