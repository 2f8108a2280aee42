package io.presence.bench;

/** One thing that is measured, in one or more rows. */
public interface Benchmark {
  /** What it is asked for by. */
  String name();

  /** What it measures, in a line. */
  String about();

  /** Measures, and adds its rows. What it starts is {@link Bench#own owned}. */
  void run(Bench bench) throws Exception;
}
