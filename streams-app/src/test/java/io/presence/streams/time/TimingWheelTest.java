package io.presence.streams.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimingWheelTest {
  private static final class Named extends TimingWheel.Timer {
    private final int name;

    private Named(int name) {
      this.name = name;
    }
  }

  private final List<Integer> expired = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(longs = {1, 255, 256, 257, 65_535, 65_536, 65_537, 16_777_216, 4_294_967_295L})
  void shouldExpireAtTheMillisecondItIsArmedForWhateverTheLevel(long distance) {
    for (long start : new long[] {0, 10, 255, 256, 65_535, 123_456_789}) {
      TimingWheel<Named> wheel = new TimingWheel<>(start);
      wheel.arm(new Named(1), start + distance);
      wheel.advance(start + distance - 1, timer -> expired.add(timer.name));
      assertThat(expired).isEmpty();
      wheel.advance(start + distance, timer -> expired.add(timer.name));
      assertThat(expired).containsExactly(1);
      expired.clear();
    }
  }

  @Test
  void shouldExpireWithTheNextAdvanceWhenArmedForThePast() {
    TimingWheel<Named> wheel = new TimingWheel<>(1_000);
    wheel.arm(new Named(1), 3);
    wheel.advance(1_001, timer -> expired.add(timer.name));
    assertThat(expired).containsExactly(1);
  }

  @Test
  void shouldNotExpireWhenCancelled() {
    TimingWheel<Named> wheel = new TimingWheel<>(0);
    Named timer = new Named(1);
    wheel.arm(timer, 5);
    wheel.cancel(timer);
    wheel.cancel(timer);
    wheel.advance(1_000, t -> expired.add(t.name));
    assertThat(expired).isEmpty();
    assertThat(timer.armed()).isFalse();
  }

  @Test
  void shouldExpireAtTheNewTimeWhenArmedAgain() {
    TimingWheel<Named> wheel = new TimingWheel<>(0);
    Named timer = new Named(1);
    wheel.arm(timer, 5);
    wheel.arm(timer, 700);
    wheel.advance(699, t -> expired.add(t.name));
    assertThat(expired).isEmpty();
    wheel.advance(700, t -> expired.add(t.name));
    assertThat(expired).containsExactly(1);
  }

  @Test
  void shouldKeepWhatIsFartherThanItsReach() {
    long reach = 1L << 32;
    TimingWheel<Named> wheel = new TimingWheel<>(7);
    wheel.arm(new Named(1), 7 + 3 * reach);
    wheel.advance(6 + 3 * reach, t -> expired.add(t.name));
    assertThat(expired).isEmpty();
    wheel.advance(7 + 3 * reach, t -> expired.add(t.name));
    assertThat(expired).containsExactly(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void shouldAgreeWithASortedMapWhateverIsDoneToIt(long seed) {
    Random random = new Random(seed);
    long now = random.nextInt(1_000_000);
    TimingWheel<Named> wheel = new TimingWheel<>(now);
    TreeMap<Integer, Long> model = new TreeMap<>();
    List<Named> timers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      timers.add(new Named(i));
    }
    for (int step = 0; step < 5_000; step++) {
      Named timer = timers.get(random.nextInt(timers.size()));
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          long at = now + 1 + (long) Math.pow(2, random.nextDouble() * 20);
          wheel.arm(timer, at);
          model.put(timer.name, at);
        }
        case 2 -> {
          wheel.cancel(timer);
          model.remove(timer.name);
        }
        default -> {
          now += (long) Math.pow(2, random.nextDouble() * 16);
          long to = now;
          wheel.advance(to, t -> expired.add(t.name));
          List<Integer> due =
              model.entrySet().stream()
                  .filter(entry -> entry.getValue() <= to)
                  .map(java.util.Map.Entry::getKey)
                  .toList();
          assertThat(expired).containsExactlyInAnyOrderElementsOf(due);
          due.forEach(model::remove);
          expired.clear();
        }
      }
    }
  }
}
