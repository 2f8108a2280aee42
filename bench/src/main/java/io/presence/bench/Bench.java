package io.presence.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What a run of one benchmark is given: where it puts its figures and all that it starts. */
public final class Bench implements AutoCloseable {
  private final boolean quick;
  private final Consumer<Row> rows;
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final Path root;

  Bench(boolean quick, Consumer<Row> rows) throws IOException {
    this.quick = quick;
    this.rows = rows;
    this.root = Files.createTempDirectory("presence-bench");
    own(this::deleteDirectories);
  }

  /** Whether it only has to show that it runs and that its results are sane. */
  public boolean quick() {
    return quick;
  }

  /** One of the two, as this run is quick or full. */
  public <T> T pick(T inQuick, T inFull) {
    return quick ? inQuick : inFull;
  }

  /**
   * How long a server is kept busy before it is measured. One that people use is warm: what the
   * compilers of its JVM do in its first minute on two cores is not what it costs.
   */
  public Duration warmUp() {
    return pick(Duration.ofMillis(500), Duration.ofSeconds(40));
  }

  /** A new empty directory, deleted at the end. */
  public Path directory(String name) throws IOException {
    return Files.createTempDirectory(root, name + "-");
  }

  /** Closes it at the end of the benchmark, last first, whatever happens. */
  public <T extends AutoCloseable> T own(T started) {
    synchronized (owned) {
      owned.push(started);
    }
    return started;
  }

  /** Adds a row to the table. */
  public void add(Row row) {
    rows.accept(row);
  }

  /** Says how it goes. */
  public void say(String progress) {
    System.err.println("  " + progress);
  }

  @Override
  public void close() {
    while (true) {
      AutoCloseable next;
      synchronized (owned) {
        next = owned.poll();
      }
      if (next == null) {
        return;
      }
      try {
        next.close();
      } catch (Exception e) {
        say("did not end cleanly: " + e);
      }
    }
  }

  private void deleteDirectories() throws IOException {
    List<Path> all;
    try (Stream<Path> below = Files.walk(root)) {
      all = below.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path each : all) {
      Files.deleteIfExists(each);
    }
  }
}
