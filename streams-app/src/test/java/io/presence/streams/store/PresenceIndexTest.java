package io.presence.streams.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import io.presence.schemas.query.Lookup;
import io.presence.streams.core.UserState;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.junit.jupiter.api.Test;

class PresenceIndexTest {
  private final PresenceIndex index = new PresenceIndex("presence", 30_000);

  @Test
  void shouldShowNoVersionByTheRightToSeeTheNext() {
    put(1);
    assertThat(lookup()).extracting(Lookup.Entry::version).isEqualTo(1L);
    assertThat(lookup().presence()).isNull();

    // What is done for one event: the contacts, and then the user.
    index.put(Keys.ofContact("ada", "bob"), PresenceStore.PRESENT);
    assertThat(lookup().presence()).isNull();
    assertThat(lookup().contact()).isFalse();
    put(2);
    assertThat(lookup().outcome()).isEqualTo(Lookup.Outcome.SHOWN);
    assertThat(lookup().contact()).isTrue();
    assertThat(lookup().version()).isEqualTo(2);

    index.put(Keys.ofContact("ada", "eve"), PresenceStore.PRESENT);
    index.delete(Keys.ofContact("ada", "bob"));
    assertThat(lookup().outcome()).isEqualTo(Lookup.Outcome.SHOWN);
    assertThat(lookup().version()).isEqualTo(2);
    put(3);
    assertThat(lookup().presence()).isNull();
    assertThat(lookup().version()).isEqualTo(3);
  }

  @Test
  void shouldShowNoVersionByARightThatCameLaterWhileBothAreWritten() throws Exception {
    put(1);
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  Bytes bob = Keys.ofContact("ada", "bob");
                  // Bob is a contact at each fourth version and the one after it.
                  for (long version = 2; version <= 100_000; version++) {
                    if (version % 4 == 0) {
                      index.put(bob, PresenceStore.PRESENT);
                    } else if (version % 4 == 2) {
                      index.delete(bob);
                    }
                    put(version);
                  }
                });
    long shown = 0;
    boolean contacts = false;
    while (writer.isAlive()) {
      contacts = !contacts;
      Lookup.Entry entry = lookup(contacts);
      if (entry.presence() != null) {
        shown++;
        assertThat(entry.version() % 4).isLessThan(2);
      }
    }
    writer.join();
    assertThat(shown).isPositive();
  }

  @Test
  void shouldNotAnswerForAnyoneBeforeItHasTakenInEnough() {
    put(1);
    assertThat(answers(new Taken(partition -> Long.MIN_VALUE + 1, null, false))).isFalse();
    assertThat(answers(Taken.NO_COPY)).isFalse();

    index.put(Keys.OF_TIME, time(10_000));
    assertThat(answers(new Taken(partition -> 10_000, null, false))).isTrue();
    assertThat(answers(new Taken(partition -> 10_001, null, false))).isFalse();
    assertThat(answers(Taken.NO_COPY)).isFalse();
  }

  @Test
  void shouldAnswerAsOwnerWhateverItHasTakenInUnlessThatIsInDoubt() {
    index.put(Keys.OF_TIME, time(10_000));
    index.activate(pending -> {});
    assertThat(answers(Taken.NO_COPY)).isTrue();
    assertThat(answers(new Taken(partition -> 10_000, null, true))).isTrue();
    assertThat(answers(new Taken(partition -> 10_001, null, true))).isFalse();
  }

  @Test
  void shouldAnswerAsCopyWhateverItHasTakenInIfItWasOwnedAMomentAgo() {
    long before = System.nanoTime();
    Taken ownedSince = new Taken(partition -> Long.MAX_VALUE, before - 1, false);
    put(1);
    assertThat(answers(ownedSince)).isFalse();
    index.activate(pending -> {});
    index.deactivate();
    long after = System.nanoTime();

    assertThat(answers(ownedSince)).isTrue();
    assertThat(index.query(query(ownedSince), PositionBound.unbounded(), new QueryConfig(false)))
        .extracting(result -> result.getResult().getFirst().stale())
        .isEqualTo(true);
    assertThat(answers(new Taken(partition -> Long.MAX_VALUE, after, false))).isFalse();
    assertThat(answers(Taken.NO_COPY)).isFalse();
    assertThat(answers(new Taken(partition -> Long.MAX_VALUE, null, true))).isFalse();

    index.close();
    assertThat(answers(ownedSince)).isFalse();
  }

  @Test
  void shouldNotAnswerOnceItIsEmptied() {
    index.put(Keys.OF_TIME, time(10_000));
    index.activate(pending -> {});
    index.close();
    assertThat(answers(Taken.NO_COPY)).isFalse();
    assertThat(answers(new Taken(partition -> 1, null, false))).isFalse();
  }

  @Test
  void shouldNotSayOfAnyoneThatSheIsNotKnownWhileItIsEmptied() throws Exception {
    for (int round = 0; round < 300; round++) {
      index.put(Keys.ofContact("ada", "bob"), PresenceStore.PRESENT);
      put(1);
      index.put(Keys.OF_TIME, time(10_000));
      LookupQuery query =
          new LookupQuery(
              "bob",
              Map.of(-1, Collections.nCopies(500, "ada")),
              true,
              new Taken(partition -> 9_000, null, false));
      Thread closing = Thread.ofPlatform().start(index::close);
      QueryResult<List<Lookup.Entry>> result;
      do {
        result = index.query(query, PositionBound.unbounded(), new QueryConfig(false));
        if (result.isSuccess()) {
          assertThat(result.getResult()).allMatch(entry -> entry.outcome() == Lookup.Outcome.SHOWN);
        }
      } while (result.isSuccess());
      closing.join();
    }
  }

  private boolean answers(Taken taken) {
    return index.query(query(taken), PositionBound.unbounded(), new QueryConfig(false)).isSuccess();
  }

  private static LookupQuery query(Taken taken) {
    return new LookupQuery("bob", Map.of(-1, List.of("ada")), true, taken);
  }

  private static byte[] time(long timestamp) {
    return ByteBuffer.allocate(3 * Long.BYTES).putLong(5).putLong(timestamp).putLong(0).array();
  }

  private Lookup.Entry lookup() {
    return lookup(true);
  }

  private Lookup.Entry lookup(boolean contacts) {
    return index
        .query(
            new LookupQuery("bob", Map.of(-1, List.of("ada")), contacts),
            PositionBound.unbounded(),
            new QueryConfig(false))
        .getResult()
        .getFirst();
  }

  /** Puts a user whom contacts may see. */
  private void put(long version) {
    UserState none = UserState.unknown("ada");
    Presence shown =
        new Presence("ada", Status.OFFLINE, 1L, "web", null, null, 1L, version, Map.of());
    UserState state =
        new UserState(
            "ada",
            none.sessions(),
            none.goodbyes(),
            null,
            null,
            null,
            Visibility.CONTACTS,
            true,
            "web",
            1,
            none.frozen(),
            none.pulse(),
            shown,
            0);
    index.put(Keys.ofUser("ada"), UserCodec.encode(state, PresenceJson.of(shown)));
  }
}
