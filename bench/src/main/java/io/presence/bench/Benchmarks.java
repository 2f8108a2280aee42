package io.presence.bench;

import java.util.List;

/** All there are, in the order in which they run. */
final class Benchmarks {
  static final List<Benchmark> ALL = List.of();

  private Benchmarks() {}
}
