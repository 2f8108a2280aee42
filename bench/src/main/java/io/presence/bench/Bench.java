package io.presence.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What a run of one benchmark is given: where it puts its figures and all that it starts. */
public final class Bench implements AutoCloseable {
  private static final double COMPILING = 0.05;
  private static final Duration WARM_UP_PATIENCE = Duration.ofMinutes(3);

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

  /** What keeps a server busy, for about so long. */
  @FunctionalInterface
  public interface Load {
    void run(Duration time) throws IOException, InterruptedException;
  }

  /**
   * Keeps servers busy until the compilers of their JVMs rest: they take less than a twentieth of a
   * core. It takes three minutes at most; in the short form, half a second. Servers that people use
   * are warm: what is compiled in the first minutes is not what they cost.
   *
   * @param servers none: this process is what is measured
   */
  public void warmUp(List<ChildJvm> servers, Load load) throws IOException, InterruptedException {
    say("warming up");
    Duration piece = pick(Duration.ofMillis(500), Duration.ofSeconds(6));
    long start = System.nanoTime();
    double compiled = compilerSeconds(servers);
    while (true) {
      load.run(piece);
      double before = compiled;
      compiled = compilerSeconds(servers);
      long elapsed = System.nanoTime() - start;
      boolean rest = compiled - before < COMPILING * piece.toSeconds();
      if (quick || rest || elapsed > WARM_UP_PATIENCE.toNanos()) {
        say(
            "warm after %d s, of which %.0f s of a core were compilation"
                .formatted(TimeUnit.NANOSECONDS.toSeconds(elapsed), compiled));
        return;
      }
    }
  }

  private static double compilerSeconds(List<ChildJvm> servers) throws IOException {
    if (servers.isEmpty()) {
      return ManagementFactory.getCompilationMXBean().getTotalCompilationTime() / 1e3;
    }
    double seconds = 0;
    for (ChildJvm server : servers) {
      seconds += server.compilerSeconds();
    }
    return seconds;
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
