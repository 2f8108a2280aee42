package io.presence.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Measures, and prints what came out. */
public final class Main {
  private static final String USAGE =
      """
      usage: ./presence bench [--quick] [--json FILE] [NAME…]

        --quick      only shows that each runs and that its results are sane
        --json FILE  writes the figures there, too

      Without a name, all of them:
      """;

  private Main() {}

  /** Exits with 1 if a benchmark failed, with 2 if it was asked for what there is not. */
  public static void main(String[] args) throws IOException, InterruptedException {
    List<Benchmark> asked = new ArrayList<>();
    boolean quick = false;
    Path json = null;
    for (Iterator<String> i = Arrays.asList(args).iterator(); i.hasNext(); ) {
      String argument = i.next();
      switch (argument) {
        case "--quick" -> quick = true;
        case "--json" -> {
          if (!i.hasNext()) {
            refuse("--json needs the name of a file");
          }
          json = Path.of(i.next());
        }
        case "--help", "-h" -> {
          System.out.print(usage());
          return;
        }
        default -> {
          Benchmark named = find(argument);
          if (named == null) {
            refuse("there is no benchmark " + argument);
            return;
          }
          asked.add(named);
        }
      }
    }
    List<Row> rows = new ArrayList<>();
    List<String> failed = run(asked.isEmpty() ? Benchmarks.ALL : asked, quick, rows);
    System.out.println(Report.table(rows));
    if (json != null) {
      Report.writeJson(rows, json);
    }
    if (!failed.isEmpty()) {
      System.err.println("failed: " + String.join(", ", failed));
    }
    // What the libraries of load clients leave running must not keep it up.
    System.exit(failed.isEmpty() ? 0 : 1);
  }

  /**
   * Runs benchmarks one after the other.
   *
   * @param rows where the figures are added
   * @return the names of those that failed
   */
  static List<String> run(List<Benchmark> benchmarks, boolean quick, List<Row> rows)
      throws IOException {
    List<String> failed = new ArrayList<>();
    for (Benchmark benchmark : benchmarks) {
      System.err.printf("%s: %s%n", benchmark.name(), benchmark.about());
      Bench bench =
          new Bench(
              quick,
              row -> {
                rows.add(row);
                System.err.println("  " + Report.line(row));
              });
      Thread end = new Thread(bench::close, "end");
      Runtime.getRuntime().addShutdownHook(end);
      try (bench) {
        benchmark.run(bench);
      } catch (Exception e) {
        System.err.println(benchmark.name() + " failed");
        e.printStackTrace();
        failed.add(benchmark.name());
      }
      Runtime.getRuntime().removeShutdownHook(end);
    }
    return failed;
  }

  private static @Nullable Benchmark find(String name) {
    return Benchmarks.ALL.stream()
        .filter(benchmark -> benchmark.name().equals(name))
        .findAny()
        .orElse(null);
  }

  private static void refuse(String why) {
    System.err.print(usage());
    System.err.println("presence: " + why);
    System.exit(2);
  }

  private static String usage() {
    return Benchmarks.ALL.stream()
        .map(benchmark -> "  %-12s %s%n".formatted(benchmark.name(), benchmark.about()))
        .collect(Collectors.joining("", USAGE, ""));
  }
}
