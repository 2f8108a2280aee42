package io.presence.gateway.lookup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Question;
import io.presence.schemas.topic.Partitioning;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two instances over real HTTP: {@code a} owns the partitions 0 and 1, {@code b} 2 and 3. */
final class RoutedQueriesTest {
  /** As long as a loaded machine may need; what is slow here never answers. */
  private static final Duration TIMEOUT = Duration.ofMillis(1_500);

  private static final Duration INTERVAL = Duration.ofMillis(250);

  private static final List<String> IDS = IntStream.range(0, 40).mapToObj(i -> "user" + i).toList();

  private FakeInstance a;
  private FakeInstance b;
  private RoutedQueries queries;

  @BeforeEach
  void start() throws Exception {
    a = new FakeInstance("a");
    b = new FakeInstance("b");
    a.active.addAll(List.of(0, 1));
    b.active.addAll(List.of(2, 3));
    a.group = List.of(a, b);
    b.group = List.of(a, b);
    queries = new RoutedQueries(List.of(a.url()), "t0ken", TIMEOUT, INTERVAL);
    await().until(queries::ready);
  }

  @AfterEach
  void stop() {
    queries.close();
    a.close();
    b.close();
  }

  @Test
  void shouldAskEachOwnerOnceAndKeepOrder() {
    List<Lookup.Entry> entries = lookup(IDS);
    for (int i = 0; i < IDS.size(); i++) {
      assertThat(presence(entries.get(i)))
          .isEqualTo(FakeInstance.presence(IDS.get(i), owner(IDS.get(i))));
      assertThat(entries.get(i).stale()).isFalse();
    }
    assertThat(a.lookups).hasValue(1);
    assertThat(b.lookups).hasValue(1);
    assertThat(a.seenToken).isEqualTo("Bearer t0ken");
  }

  @Test
  void shouldAskStandbyWhenOwnerIsDown() {
    a.standby.addAll(List.of(2, 3));
    becomesKnown();
    b.close();
    for (Lookup.Entry entry : lookup(idsOf("b"))) {
      assertThat(entry.outcome()).isEqualTo(Lookup.Outcome.SHOWN);
      assertThat(entry.stale()).isTrue();
    }
  }

  @Test
  void shouldAskStandbyWhenOwnerIsSlow() {
    a.standby.addAll(List.of(2, 3));
    becomesKnown();
    b.slow = true;
    List<Lookup.Entry> entries = lookup(IDS);
    for (int i = 0; i < IDS.size(); i++) {
      assertThat(presence(entries.get(i))).isEqualTo(FakeInstance.presence(IDS.get(i), "a"));
      assertThat(entries.get(i).stale()).isEqualTo(owner(IDS.get(i)).equals("b"));
    }
  }

  @Test
  void shouldTakeTheCopyOfOneThatIsAboutToOwnIt() {
    b.active.clear();
    b.takingUp.addAll(List.of(2, 3));
    becomesKnown();
    assertThat(lookup(idsOf("b")))
        .allMatch(entry -> entry.outcome() == Lookup.Outcome.SHOWN && entry.stale());
  }

  @Test
  void shouldNotWaitAgainForOwnerThatHangs() {
    a.standby.addAll(List.of(2, 3));
    becomesKnown();
    b.slow = true;
    assertThat(lookup(idsOf("b"))).allMatch(Lookup.Entry::stale);
    int askedBefore = b.lookups.get();
    long begun = System.nanoTime();
    for (int i = 0; i < 20; i++) {
      assertThat(lookup(idsOf("b"))).allMatch(Lookup.Entry::stale);
    }
    // Each second one of them tries, and waits.
    long seconds = Duration.ofNanos(System.nanoTime() - begun).toSeconds();
    assertThat(b.lookups.get() - askedBefore).isLessThanOrEqualTo((int) seconds + 1);
    assertThat(seconds).isLessThan(20 * TIMEOUT.toSeconds() / 2);
  }

  @Test
  void shouldLeaveOutOnlyIdsThatNobodyCouldBeAskedFor() {
    b.slow = true;
    List<Lookup.Entry> entries = lookup(IDS);
    for (int i = 0; i < IDS.size(); i++) {
      assertThat(entries.get(i).outcome())
          .isEqualTo(
              owner(IDS.get(i)).equals("a") ? Lookup.Outcome.SHOWN : Lookup.Outcome.NOT_HERE);
    }
  }

  @Test
  void shouldFindNewOwnerAtOnceWhenPartitionsMoved() {
    b.active.removeAll(List.of(2, 3));
    a.active.addAll(List.of(2, 3));
    for (Lookup.Entry entry : lookup(IDS)) {
      assertThat(entry.outcome()).isEqualTo(Lookup.Outcome.SHOWN);
      assertThat(entry.stale()).isFalse();
    }
  }

  @Test
  void shouldBeToldTheNewOwnerByTheOldOne() {
    Queue<Set<Integer>> told = new ConcurrentLinkedQueue<>();
    queries.onNewOwners(told::add);
    a.secretive = true;
    b.secretive = true;
    b.active.removeAll(List.of(2, 3));
    b.standby.addAll(List.of(2, 3));
    a.active.addAll(List.of(2, 3));
    // Not the copy of the one that was the owner.
    assertThat(lookup(IDS))
        .allMatch(entry -> entry.outcome() == Lookup.Outcome.SHOWN && !entry.stale());
    await().untilAsserted(() -> assertThat(told).containsExactly(Set.of(2, 3)));
    int before = b.lookups.get();
    assertThat(lookup(IDS)).noneMatch(Lookup.Entry::stale);
    assertThat(b.lookups).hasValue(before);
  }

  @Test
  void shouldBeToldTheNewOwnerOfOneUserByTheOldOne() {
    a.secretive = true;
    b.secretive = true;
    b.active.removeAll(List.of(2, 3));
    a.active.addAll(List.of(2, 3));
    String id = idsOf("b").getFirst();
    assertThat(ask(new Question.OwnStatus(id))).isEqualTo("a status null");
  }

  @Test
  void shouldTellOfPartitionsThatHaveANewOwnerAndOfNoOthers() {
    Queue<Set<Integer>> told = new ConcurrentLinkedQueue<>();
    queries.onNewOwners(told::add);
    becomesKnown();
    assertThat(told).isEmpty();
    // For a moment nobody has it: that is told once somebody does.
    b.active.remove((Integer) 2);
    becomesKnown();
    assertThat(told).isEmpty();
    a.active.add(2);
    becomesKnown();
    assertThat(told).containsExactly(Set.of(2));
  }

  @Test
  void shouldTellOfPartitionsWhoseOwnerHasBegunAnewAtTheSameAddress() {
    Queue<Set<Integer>> told = new ConcurrentLinkedQueue<>();
    queries.onNewOwners(told::add);
    await().until(() -> a.ownerships.get() > 1 && b.ownerships.get() > 1);
    assertThat(told).isEmpty();
    b.epoch = "2";
    await().untilAsserted(() -> assertThat(told).containsExactly(Set.of(2, 3)));
    int asked = b.ownerships.get();
    await().until(() -> b.ownerships.get() > asked + 1);
    assertThat(told).hasSize(1);
  }

  @Test
  void shouldAskTheOwnerOfTheChannelsPartitionWhichNeedNotOwnTheUsersOne() {
    a.channelActive.addAll(List.of(2, 3));
    b.channelActive.addAll(List.of(0, 1));
    becomesKnown();
    for (String id : IDS) {
      Question.Reply reply =
          queries.ask(new Question.Members(id, "ada", 7, "bob")).toCompletableFuture().join();
      assertThat(new String(Objects.requireNonNull(reply.json()), UTF_8))
          .isEqualTo(
              (owner(id).equals("a") ? "b" : "a") + " members limit=7&after=bob&requester=ada");
    }
  }

  @Test
  void shouldTellOfChannelsPartitionsApart() {
    Queue<Set<Integer>> told = new ConcurrentLinkedQueue<>();
    Queue<Set<Integer>> users = new ConcurrentLinkedQueue<>();
    queries.onNewOwners(users::add);
    queries.onNewChannelOwners(told::add);
    becomesKnown();
    a.channelActive.add(2);
    becomesKnown();
    assertThat(told).containsExactly(Set.of(2));
    assertThat(users).isEmpty();
  }

  @Test
  void shouldTellOfAllPartitionsOnceSomebodyAnswersAgain() {
    Queue<Set<Integer>> told = new ConcurrentLinkedQueue<>();
    queries.onNewOwners(told::add);
    List<FakeInstance> group = a.group;
    a.group = List.of();
    b.group = List.of();
    // All of them in one round: both, and the one that is asked first of all, by that name.
    int before = a.ownerships.get() + b.ownerships.get();
    await().until(() -> a.ownerships.get() + b.ownerships.get() > before + 2 * 3);
    assertThat(told).isEmpty();
    a.group = group;
    b.group = group;
    await().untilAsserted(() -> assertThat(told).containsExactly(Set.of(0, 1, 2, 3)));
  }

  @Test
  void shouldNotStampedeWhenManyLookupsFindThatOwnerIsGone() {
    a.active.clear();
    int before = a.ownerships.get() + b.ownerships.get();
    List<CompletableFuture<Lookup.Answer>> many = new ArrayList<>();
    long start = System.nanoTime();
    for (int i = 0; i < 200; i++) {
      many.add(
          queries.lookup(new Lookup.Request(null, idsOf("a"), false, false)).toCompletableFuture());
    }
    many.forEach(CompletableFuture::join);
    long tenths = Duration.ofNanos(System.nanoTime() - start).toMillis() / 100;
    assertThat(a.ownerships.get() + b.ownerships.get() - before).isLessThan((int) tenths + 3);
  }

  @Test
  void shouldAskOthersForOwnershipWhenSeedIsGone() {
    a.close();
    b.active.addAll(List.of(0, 1));
    b.group = List.of(b);
    await()
        .untilAsserted(
            () ->
                assertThat(lookup(IDS)).allMatch(entry -> entry.outcome() == Lookup.Outcome.SHOWN));
  }

  @Test
  void shouldAnswerThatNobodyIsThereWhenNoInstanceWasEverReached() {
    try (RoutedQueries alone =
        new RoutedQueries(List.of(URI.create("http://127.0.0.1:1")), null, TIMEOUT)) {
      assertThat(alone.ready()).isFalse();
      Lookup.Answer answer =
          alone.lookup(new Lookup.Request("ada", IDS, false, false)).toCompletableFuture().join();
      assertThat(answer.entries()).hasSize(IDS.size()).containsOnly(Lookup.Entry.NOT_HERE);
      assertThat(alone.ask(new Question.OwnStatus("ada")).toCompletableFuture().join())
          .isEqualTo(Question.Reply.NOT_HERE);
    }
  }

  @Test
  void shouldAskOwnerThenStandbyThenNewOwnerAboutOneUser() {
    String id = idsOf("b").getFirst();
    assertThat(ask(new Question.OwnStatus(id))).isEqualTo("b status null");
    assertThat(ask(new Question.Explain(id))).isEqualTo("b explain null");
    assertThat(ask(new Question.Contacts(id, 7, "x+y"))).isEqualTo("b contacts limit=7&after=x+y");
    Question.Reply invalid =
        queries.ask(new Question.Sessions(id, 7, "bad")).toCompletableFuture().join();
    assertThat(invalid.outcome()).isEqualTo(Question.Outcome.INVALID);

    a.standby.addAll(List.of(2, 3));
    becomesKnown();
    b.slow = true;
    Question.Reply stale = queries.ask(new Question.OwnStatus(id)).toCompletableFuture().join();
    assertThat(stale.stale()).isTrue();

    b.slow = false;
    a.standby.clear();
    b.active.removeAll(List.of(2, 3));
    a.active.addAll(List.of(2, 3));
    assertThat(ask(new Question.OwnStatus(id))).isEqualTo("a status null");
  }

  /** Waits until the gateway was told who holds what, twice, so that it heard of the latest. */
  private void becomesKnown() {
    int before = a.ownerships.get() + b.ownerships.get();
    await().until(() -> a.ownerships.get() + b.ownerships.get() >= before + 2);
  }

  private List<Lookup.Entry> lookup(List<String> ids) {
    return queries
        .lookup(new Lookup.Request("ada", ids, false, false))
        .toCompletableFuture()
        .join()
        .entries();
  }

  private String ask(Question question) {
    Question.Reply reply = queries.ask(question).toCompletableFuture().join();
    return text(reply.json());
  }

  private static List<String> idsOf(String instance) {
    return IDS.stream().filter(id -> owner(id).equals(instance)).toList();
  }

  private static String owner(String id) {
    return Partitioning.partitionOf(id, FakeInstance.PARTITIONS) < 2 ? "a" : "b";
  }

  private static String presence(Lookup.Entry entry) {
    return text(entry.presence());
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "" : new String(bytes, UTF_8);
  }
}
