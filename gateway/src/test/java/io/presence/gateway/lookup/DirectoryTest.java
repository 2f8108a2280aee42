package io.presence.gateway.lookup;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What is taken of what instances say: {@code a} owns partition 0 at first, {@code b} 1. */
class DirectoryTest {
  private static final Ownership FIRST = ownership(List.of(0), List.of(1));
  private static final Ownership SECOND = ownership(List.of(0, 1), List.of());
  private static final Ownership THIRD = ownership(List.of(), List.of(0, 1));

  private final List<Set<Integer>> told = new ArrayList<>();
  private Ownership said = FIRST;
  private final Directory directory =
      new Directory(List.of("a"), address -> new Saying(), Runnable::run);

  DirectoryTest() {
    directory.onNewOwners(told::add);
    ask();
  }

  @Test
  void shouldTakeWhatAWrongOwnerSays() {
    Directory.View basis = view();

    directory.learn(basis, SECOND);

    assertThat(view().users().owner(0)).isEqualTo("a");
    assertThat(view().users().owner(1)).isEqualTo("a");
    assertThat(told).containsExactly(Set.of(1));
  }

  @Test
  void shouldNotTakeWhatAWrongOwnerSaysOnceSomethingElseIsKnown() {
    Directory.View basis = view();
    said = THIRD;
    ask();
    assertThat(told).containsExactly(Set.of(0));

    directory.learn(basis, SECOND);

    assertThat(view().users().owner(0)).isEqualTo("b");
    assertThat(view().users().owner(1)).isEqualTo("b");
    assertThat(told).hasSize(1);
  }

  @Test
  void shouldNotTakeThatNobodyOwnsAnythingFromAWrongOwner() {
    Directory.View basis = view();

    directory.learn(basis, null);
    directory.learn(basis, ownership(List.of(), List.of()));

    assertThat(view()).isEqualTo(basis);
    assertThat(told).isEmpty();
  }

  private void ask() {
    var unused = directory.refresh().join();
  }

  private Directory.View view() {
    return Objects.requireNonNull(directory.view());
  }

  private static Ownership ownership(List<Integer> ofA, List<Integer> ofB) {
    return new Ownership(2, List.of(instance("a", ofA), instance("b", ofB)));
  }

  private static Ownership.Instance instance(String address, List<Integer> active) {
    return new Ownership.Instance(address, active, List.of(), List.of(), List.of());
  }

  private final class Saying implements Queries {
    @Override
    public CompletionStage<Lookup.Answer> lookup(Lookup.Request request) {
      throw new UnsupportedOperationException();
    }

    @Override
    public CompletionStage<Question.Reply> ask(Question question) {
      throw new UnsupportedOperationException();
    }

    @Override
    public CompletionStage<Ownership> ownership() {
      return CompletableFuture.completedFuture(said);
    }
  }
}
