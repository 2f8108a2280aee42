package io.presence.streams.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ContactSetTest {
  private ContactSet contacts = new ContactSet();

  @Test
  void shouldHoldTheSameAsASetWhateverIsAddedAndRemoved() {
    TreeSet<String> model = new TreeSet<>();
    Random random = new Random(1);
    for (int i = 0; i < 50_000; i++) {
      // It grows, and shrinks again; ids of which one is the beginning of another are among them.
      String id = "u" + random.nextInt(3_000);
      if (random.nextInt(10) < (i < 25_000 ? 3 : 6)) {
        contacts.remove(Keys.ascii(id));
        model.remove(id);
      } else {
        contacts = contacts.with(Keys.ascii(id));
        model.add(id);
      }
      assertThat(contacts.size()).isEqualTo(model.size());
    }

    for (int i = 0; i < 3_500; i++) {
      assertThat(contacts.contains(Keys.ascii("u" + i))).isEqualTo(model.contains("u" + i));
    }
    assertThat(contacts.inOrder()).containsExactlyElementsOf(model);
  }

  @Test
  void shouldHoldAsManyAsAUserMayHaveWithIdsAsLongAsTheyMayBe() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      ids.add("x".repeat(123) + (10_000 + i));
    }
    Collections.shuffle(ids, new Random(2));
    for (String id : ids) {
      contacts = contacts.with(Keys.ascii(id));
    }

    assertThat(contacts.size()).isEqualTo(10_000);
    assertThat(ids).allMatch(id -> contacts.contains(Keys.ascii(id)));
    assertThat(contacts.contains(Keys.ascii("x".repeat(123)))).isFalse();
    Collections.sort(ids);
    assertThat(contacts.inOrder()).containsExactlyElementsOf(ids);
  }

  @Test
  void shouldBeEmptyWhenAllWereRemoved() {
    contacts = contacts.with(Keys.ascii("ada")).with(Keys.ascii("ada"));
    assertThat(contacts.size()).isEqualTo(1);
    contacts.remove(Keys.ascii("bob"));
    contacts.remove(Keys.ascii("ada"));
    contacts.remove(Keys.ascii("ada"));
    assertThat(contacts.size()).isZero();
    assertThat(contacts.inOrder()).isEmpty();
    assertThat(contacts.contains(Keys.ascii("ada"))).isFalse();
  }

  @Test
  void shouldShowReadersWhoIsThereWhileOthersComeAndGo() throws Exception {
    AtomicReference<ContactSet> shared = new AtomicReference<>(contacts.with(Keys.ascii("ada")));
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; i < 200_000; i++) {
                    ContactSet now = shared.get().with(Keys.ascii("u" + i));
                    now.remove(Keys.ascii("u" + (i - 100)));
                    shared.set(now);
                  }
                });
    while (writer.isAlive()) {
      ContactSet seen = shared.get();
      assertThat(seen.contains(Keys.ascii("ada"))).isTrue();
      assertThat(seen.contains(Keys.ascii("eve"))).isFalse();
      assertThat(seen.inOrder()).contains("ada").doesNotContain("eve");
    }
    writer.join();
    assertThat(shared.get().size()).isEqualTo(101);
  }
}
