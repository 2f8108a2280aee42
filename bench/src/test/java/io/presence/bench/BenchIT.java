package io.presence.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each benchmark in its short form: does it run, and are its results sane? */
@Execution(ExecutionMode.CONCURRENT)
class BenchIT {
  static Stream<String> names() {
    return Benchmarks.ALL.stream().map(Benchmark::name);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("names")
  void shouldComeToFiguresWhenRunQuick(String name) throws IOException {
    List<Row> rows = new ArrayList<>();

    List<String> failed =
        Main.run(
            Benchmarks.ALL.stream().filter(each -> each.name().equals(name)).toList(), true, rows);

    assertThat(failed).isEmpty();
    assertThat(rows).isNotEmpty();
    assertThat(rows).allSatisfy(row -> assertThat(row.ours()).isFinite().isPositive());
    assertThat(rows)
        .filteredOn(row -> row.reference() != null)
        .allSatisfy(row -> assertThat(row.reference()).isFinite().isPositive());
    assertThat(rows).extracting(Row::name).doesNotHaveDuplicates();
  }
}
