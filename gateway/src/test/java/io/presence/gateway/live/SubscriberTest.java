package io.presence.gateway.live;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.presence.Visibility;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Snapshot, then stream, and never more than may be seen. */
class SubscriberTest {
  private static final Set<String> ADA = Set.of("ada");
  private final World world = new World();

  @Test
  void shouldHoldChangesUntilTheSnapshotIsSent() {
    world.bob.subscribe(ADA);
    world.status("away");
    world.lookups.getFirst().make();
    world.status("busy");
    world.readAll();
    assertThat(world.sent()).isEmpty();
    world.answerAll();
    assertThat(world.sent()).containsExactly("initial_presence 2 away", "presence_update 3 busy");
  }

  @Test
  void shouldSendNothingOfOneWhoHidBeforeTheSnapshotWasSent() {
    world.bob.subscribe(ADA);
    world.lookups.getFirst().make();
    world.visibility(Visibility.CONTACTS);
    world.status("busy");
    world.readAll();
    world.answerAll();
    assertThat(world.sent()).containsExactly("initial_presence");
    world.contact(true);
    world.readAll();
    assertThat(world.sent()).containsExactly("presence_update 4 busy");
  }

  @Test
  void shouldTellOneLastTimeWhenHiddenAndAnewWhenShownAgain() {
    subscribed();
    world.visibility(Visibility.NOBODY);
    world.status("busy");
    world.readAll();
    JsonNode last = world.frames.getFirst().path("presence");
    assertThat(last.toString())
        .isEqualTo(
            "{\"user_id\":\"ada\",\"status\":\"offline\",\"last_seen\":9.0,\"device\":\"web\","
                + "\"custom_status\":null,\"activity\":null,\"since\":9.0,\"version\":2,"
                + "\"devices\":{}}");
    assertThat(world.sent()).containsExactly("presence_update 2 offline");
    world.visibility(Visibility.EVERYONE);
    world.readAll();
    assertThat(world.sent()).containsExactly("presence_update 4 busy");
  }

  @Test
  void shouldTakeBackWhatIsQueuedWhenHidden() {
    subscribed();
    world.holdWrites();
    world.status("busy");
    world.status("away");
    world.readAll();
    assertThat(world.sent()).containsExactly("presence_update 2 busy");
    world.visibility(Visibility.NOBODY);
    world.readAll();
    world.settle();
    assertThat(world.sent()).containsExactly("presence_update 4 offline");
  }

  @Test
  void shouldSayNothingOfChangesThatAreNothingToThisOne() {
    subscribed();
    world.contact(true);
    world.contactOfSomeoneElse();
    world.contactsSet(false);
    world.readAll();
    assertThat(world.sent()).isEmpty();
    assertThat(world.lookups).as("nobody needs to know now who is a contact").isEmpty();
  }

  @Test
  void shouldAskWhetherItIsAContactOnceItMatters() {
    subscribed();
    world.contactsSet(true);
    world.visibility(Visibility.CONTACTS);
    world.status("busy");
    world.readAll();
    assertThat(world.sent()).as("held, until it is known").isEmpty();
    world.answerAll();
    assertThat(world.sent()).containsExactly("presence_update 4 busy");
    world.contactsSet(false);
    world.status("away");
    world.readAll();
    assertThat(world.sent()).isEmpty();
    world.answerAll();
    assertThat(world.sent()).containsExactly("presence_update 6 offline");
  }

  @Test
  void shouldNotBelieveAnAnswerThatIsOlderThanTheQuestion() {
    subscribed();
    world.contact(true);
    world.visibility(Visibility.CONTACTS);
    world.readAll();
    World.State before = world.now;
    world.contactsSet(false);
    world.readAll();
    world.lookups.getFirst().makeStale(before);
    world.lookups.getFirst().deliver();
    assertThat(world.sent()).isEmpty();
    world.settle();
    assertThat(world.sent()).containsExactly("presence_update 4 offline");
  }

  @Test
  void shouldAskAgainForWhatNobodyCouldBeAsked() {
    world.bob.subscribe(ADA);
    world.lookups.getFirst().makeNotHere();
    world.answerAll();
    assertThat(world.sent()).containsExactly("initial_presence unavailable");
    world.status("busy");
    world.readAll();
    world.fireTimers();
    world.lookups.getFirst().makeNotHere();
    world.answerAll();
    assertThat(world.sent()).isEmpty();
    world.settle();
    assertThat(world.sent()).containsExactly("initial_presence 2 busy");
  }

  @Test
  void shouldAskTheOwnerForWhatAStandbyAnswered() {
    World.State before = world.now;
    world.status("busy");
    world.bob.subscribe(ADA);
    world.lookups.getFirst().makeStale(before);
    world.answerAll();
    assertThat(world.sent()).containsExactly("initial_presence 1 online");
    world.unread.clear();
    world.settle();
    assertThat(world.sent()).containsExactly("presence_update 2 busy");
  }

  @Test
  void shouldTellAnewAfterAGapEvenWhatIsOlder() {
    World.State committed = world.now;
    world.status("busy");
    world.bob.subscribe(ADA);
    world.answerAll();
    assertThat(world.sent()).containsExactly("initial_presence 2 busy");
    world.goBackTo(committed);
    world.fanout.resync(Set.of(0));
    world.settle();
    assertThat(world.sent()).containsExactly("resync", "initial_presence 1 online");
    world.fanout.resync(Set.of(1));
    assertThat(world.sent()).as("none of its own").isEmpty();
  }

  @Test
  void shouldTellThoseWhoKnowNoResyncThatSomeoneIsHidden() {
    subscribed();
    world.visibility(Visibility.NOBODY);
    world.unread.clear();
    world.fanout.resync(null);
    world.settle();
    assertThat(world.sent())
        .containsExactly("resync", "initial_presence", "presence_update 2 offline");
  }

  @Test
  void shouldSendEveryVersionInOrderAndThenTheNewestToOneWhoDoesNotKeepUp() {
    subscribed();
    world.holdWrites();
    for (int i = 0; i < 1_000; i++) {
      world.status(i % 2 == 0 ? "busy" : "away");
    }
    world.readAll();
    assertThat(world.bob.queued()).isEqualTo(Outbox.MAX_QUEUED + 1);
    world.settle();
    List<String> expected =
        IntStream.range(0, Outbox.MAX_QUEUED + 1)
            .mapToObj(i -> "presence_update " + (i + 2) + (i % 2 == 0 ? " busy" : " away"))
            .collect(Collectors.toCollection(ArrayList::new));
    expected.add("presence_update 1001 away");
    assertThat(world.sent()).isEqualTo(expected);
  }

  @Test
  void shouldHoldNoMoreThanItMust() {
    world.bob.subscribe(ADA);
    world.lookups.getFirst().make();
    for (int i = 0; i < 1_000; i++) {
      world.status(i % 2 == 0 ? "busy" : "away");
    }
    world.readAll();
    world.lookups.getFirst().deliver();
    assertThat(world.sent())
        .as("what was held is not whole")
        .containsExactly("initial_presence unavailable");
    world.settle();
    assertThat(world.sent()).containsExactly("initial_presence 1001 away");
  }

  @Test
  void shouldWatchNobodyAfterItIsClosedOrUnsubscribes() {
    subscribed();
    world.bob.unsubscribe(ADA);
    assertThat(world.fanout.audience("ada")).isNull();
    world.bob.subscribe(ADA);
    world.bob.close();
    world.answerAll();
    assertThat(world.fanout.audience("ada")).isNull();
    assertThat(world.sent()).isEmpty();
  }

  @Test
  void shouldRefuseTooManyAsAWhole() {
    Set<String> many =
        IntStream.range(0, Subscriber.MAX_WATCHED)
            .mapToObj(i -> "u" + i)
            .collect(Collectors.toSet());
    assertThat(world.bob.subscribe(many)).isTrue();
    assertThat(world.bob.subscribe(Set.of("u1", "one more"))).isFalse();
    assertThat(world.bob.subscribe(Set.of("u1", "u2"))).isTrue();
    assertThat(world.bob.watched()).isEqualTo(Subscriber.MAX_WATCHED);
  }

  /** Whatever the order in which things happen: no frame too much, and the right one last. */
  @Test
  void shouldShowNoMoreThanItsVersionAllowsAndEndWithWhatALookupShows() {
    for (int seed = 0; seed < 5_000; seed++) {
      new Run(seed).go();
    }
  }

  private void subscribed() {
    world.bob.subscribe(ADA);
    world.answerAll();
    world.sent();
  }

  private static final class Run {
    private final int seed;

    /** A standby that is behind shows what it may, though newer is known here. */
    private final boolean standbys;

    private final Random random;
    private final World world = new World();
    private final List<World.State> past = new ArrayList<>();

    Run(int seed) {
      this.seed = seed;
      this.standbys = seed % 2 == 0;
      this.random = new Random(seed);
    }

    void go() {
      world.holdWrites();
      world.bob.subscribe(ADA);
      for (int i = 0; i < 80; i++) {
        step();
      }
      if (world.fanout.audience("ada") == null) {
        world.bob.subscribe(ADA);
      }
      world.settle();
      if (!standbys) {
        assertThat(world.sentTooLate).as("seed %d", seed).isEmpty();
      }
      String last = "hidden";
      long newest = 0;
      for (JsonNode frame : world.frames) {
        JsonNode presence =
            frame.has("presences") ? frame.at("/presences/ada") : frame.path("presence");
        if (frame.has("presences") && !frame.has("unavailable")) {
          last = "hidden";
        }
        if (presence.isObject()) {
          last = check(presence);
          long version = presence.path("version").asLong();
          if (!frame.has("presences")) {
            assertThat(version).as("seed %d, in order: %s", seed, frame).isGreaterThan(newest);
          }
          newest = version;
        }
      }
      assertThat(last)
          .as("seed %d %s %s", seed, world.sent(), world.now)
          .isEqualTo(world.now.shows() ? world.now.status() : "hidden");
    }

    private void step() {
      past.add(world.now);
      switch (random.nextInt(15)) {
        case 0, 1 -> world.status(List.of("online", "busy", "away").get(random.nextInt(3)));
        case 2 -> {
          Visibility next = List.of(Visibility.values()).get(random.nextInt(3));
          if (next != world.now.visibility()) {
            world.visibility(next);
          }
        }
        case 3 -> world.contact(!world.now.contact());
        case 4 -> world.contactsSet(random.nextBoolean());
        case 5, 6, 7 -> {
          var unused = world.read();
        }
        case 8, 9 -> withLookup(World.Pending::make);
        case 10 ->
            withLookup(
                lookup -> {
                  if (!standbys || random.nextBoolean()) {
                    lookup.makeNotHere();
                  } else {
                    lookup.makeStale(past.get(Math.max(0, past.size() - random.nextInt(1, 10))));
                  }
                });
        case 11 -> deliver();
        case 12 -> {
          var unused = world.endWrite();
        }
        case 13 -> world.fireTimers();
        default -> {
          switch (random.nextInt(4)) {
            case 0 -> {
              world.bob.unsubscribe(ADA);
              // What was told before is nothing to go by.
              world.frames.clear();
            }
            case 1 -> world.fanout.resync(null);
            default -> {
              var unused = world.bob.subscribe(ADA);
            }
          }
        }
      }
    }

    private void withLookup(java.util.function.Consumer<World.Pending> make) {
      if (!world.lookups.isEmpty()) {
        World.Pending lookup = world.lookups.get(random.nextInt(world.lookups.size()));
        if (!lookup.made()) {
          make.accept(lookup);
        }
      }
    }

    private void deliver() {
      List<World.Pending> made = world.lookups.stream().filter(World.Pending::made).toList();
      if (!made.isEmpty()) {
        made.get(random.nextInt(made.size())).deliver();
      }
    }

    /** Returns the status it shows, or that it is the last of one who is hidden. */
    private String check(JsonNode presence) {
      if (presence.path("custom_status").isNull()) {
        assertThat(presence.path("status").asText()).isEqualTo("offline");
        return "hidden";
      }
      World.State then =
          Objects.requireNonNull(world.history.get(presence.path("version").asLong()));
      assertThat(then.shows()).as("seed %d shows version %d", seed, then.version()).isTrue();
      assertThat(presence.path("status").asText()).isEqualTo(then.status());
      return then.status();
    }
  }
}
