package io.presence.gateway.socket;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.IntNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How often a cursor is written, and which. */
final class MovingCursorTest {
  private final List<Integer> written = new ArrayList<>();
  private final List<Runnable> failures = new ArrayList<>();
  private final List<Runnable> timers = new ArrayList<>();
  private long now;

  /** What happens while a cursor is written, before it is. */
  private Runnable meanwhile = () -> {};

  private final MovingCursor cursor =
      new MovingCursor(
          (to, failed) -> {
            meanwhile.run();
            written.add(to.intValue());
            failures.add(failed);
          },
          (delay, task) -> timers.add(task),
          () -> now);

  @Test
  void shouldWaitUntilSessionIsIn() {
    move(1);
    move(2);
    assertThat(written).isEmpty();
    cursor.begin();
    assertThat(written).containsExactly(2);
    assertThat(timers).isEmpty();
  }

  @Test
  void shouldWriteNewestOfEachWhile() {
    cursor.begin();
    move(1);
    assertThat(written).containsExactly(1);
    for (int i = 2; i <= 100; i++) {
      move(i);
    }
    assertThat(timers).hasSize(1);
    assertThat(written).containsExactly(1);
    pass(Duration.ofMillis(40));
    assertThat(written).containsExactly(1, 100);
    pass(Duration.ofMillis(40));
    move(101);
    assertThat(written).containsExactly(1, 100, 101);
    assertThat(timers).isEmpty();
  }

  @Test
  void shouldWriteAgainWhatFailedUnlessThereIsNewer() {
    cursor.begin();
    move(1);
    failures.getFirst().run();
    pass(Duration.ofMillis(500));
    assertThat(written).containsExactly(1, 1);
    pass(Duration.ofMillis(40));
    move(2);
    failures.get(1).run();
    assertThat(timers).isEmpty();
    pass(Duration.ofMillis(40));
    move(3);
    move(4);
    failures.getLast().run();
    pass(Duration.ofMillis(40));
    assertThat(written).containsExactly(1, 1, 2, 3, 4);
  }

  @Test
  void shouldWriteNewerAfterOlderThoughTheOlderTakesLong() {
    cursor.begin();
    meanwhile =
        () -> {
          meanwhile = () -> {};
          now += Duration.ofMillis(100).toNanos();
          move(2);
          move(3);
        };
    move(1);
    pass(Duration.ZERO);
    assertThat(written).containsExactly(1, 3);
    assertThat(timers).isEmpty();
  }

  @Test
  void shouldSayItAgainWhenSessionIsInAgain() {
    cursor.begin();
    move(1);
    pass(Duration.ofSeconds(1));
    cursor.begin();
    assertThat(written).containsExactly(1, 1);
  }

  @Test
  void shouldWriteNothingAfterTheEnd() {
    cursor.begin();
    move(1);
    move(2);
    cursor.end();
    pass(Duration.ofMillis(40));
    failures.getFirst().run();
    move(3);
    assertThat(timers).isEmpty();
    assertThat(written).containsExactly(1);
  }

  private void move(int to) {
    cursor.move(IntNode.valueOf(to));
  }

  private void pass(Duration time) {
    now += time.toNanos();
    List<Runnable> due = List.copyOf(timers);
    timers.clear();
    due.forEach(Runnable::run);
  }
}
