package io.presence.streams.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.streams.core.UserState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UserTableTest {
  private final UserTable table = new UserTable();

  @Test
  void shouldHoldTheSameAsAMapWhateverIsPutAndRemoved() {
    Map<String, Object> model = new HashMap<>();
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      // Ids of which one is the beginning of another are among them.
      String id = "u" + random.nextInt(2_000);
      if (random.nextInt(3) == 0) {
        byte[] bytes = Keys.ascii(id);
        table.remove(bytes, 0, bytes.length);
        model.remove(id);
      } else {
        model.put(id, put(id));
      }
    }

    for (int i = 0; i < 2_500; i++) {
      assertThat(get("u" + i)).isSameAs(model.get("u" + i));
    }
    Probes probes = new Probes();
    for (int from = 0; from < 2_500; from += Probes.MOST) {
      probes.clear();
      for (int i = from; i < from + Probes.MOST; i++) {
        byte[] bytes = Keys.ascii("u" + i);
        probes.add(bytes, 0, bytes.length);
      }
      table.find(probes);
      for (int i = 0; i < Probes.MOST; i++) {
        assertThat(probes.held[i]).isSameAs(model.get("u" + (from + i)));
      }
    }
    assertThat(table.size()).isEqualTo(model.size());
    List<Object> all = new ArrayList<>();
    table.forEach(all::add);
    assertThat(all).containsExactlyInAnyOrderElementsOf(model.values());
  }

  @Test
  void shouldTakeAnyNumberOfUsersWhoLeaveWithoutGrowingForThem() {
    for (int i = 0; i < 100_000; i++) {
      put("ada" + i);
      byte[] bytes = Keys.ascii("ada" + i);
      table.remove(bytes, 0, bytes.length);
    }
    put("bob");

    assertThat(table.size()).isEqualTo(1);
    assertThat(get("bob")).isNotNull();
    assertThat(get("ada99999")).isNull();
  }

  @Test
  void shouldShowReadersWhatWasPutBeforeWhileOthersArePutAndRemoved() throws Exception {
    Object ada = put("ada");
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; i < 100_000; i++) {
                    put("u" + i);
                    byte[] left = Keys.ascii("u" + (i - 10_000));
                    table.remove(left, 0, left.length);
                  }
                });
    while (writer.isAlive()) {
      assertThat(get("ada")).isSameAs(ada);
      assertThat(get("eve")).isNull();
    }
    writer.join();
    assertThat(table.size()).isEqualTo(10_001);
  }

  private @Nullable Object get(String id) {
    byte[] bytes = Keys.ascii("?" + id + "?");
    return table.get(bytes, 1, bytes.length - 1);
  }

  private Object put(String id) {
    UserState state = UserState.unknown(id);
    byte[] stored = UserCodec.encode(state, PresenceJson.of(state.shown()));
    byte[] bytes = Keys.ascii(id);
    table.put(bytes, 0, bytes.length, stored);
    return stored;
  }
}
