package io.presence.bench.micro;

import io.presence.bench.Bench;
import io.presence.bench.Benchmark;
import io.presence.bench.Row;
import java.util.Locale;
import java.util.stream.Collectors;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What JMH measures: nanoseconds for each operation. */
public final class MicroBenchmark implements Benchmark {
  @Override
  public String name() {
    return "micro";
  }

  @Override
  public String about() {
    return "what lives inside the process, by JMH";
  }

  @Override
  public void run(Bench bench) throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(pattern(InProcess.class))
            .include(pattern(Wheel.class))
            .include(pattern(Live.class))
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true);
    if (bench.quick()) {
      options
          .forks(0)
          .param("live", "10000")
          .warmupIterations(0)
          .measurementIterations(1)
          .measurementTime(TimeValue.milliseconds(100));
    } else {
      options
          .forks(1)
          .warmupIterations(2)
          .warmupTime(TimeValue.milliseconds(700))
          .measurementIterations(3)
          .measurementTime(TimeValue.milliseconds(700));
    }
    for (RunResult result : new Runner(options.build()).run()) {
      double error = result.getPrimaryResult().getScoreError();
      bench.add(
          Row.less(name(result), "ns", result.getPrimaryResult().getScore())
              .remark(Double.isNaN(error) ? "" : String.format(Locale.ROOT, "± %.1f", error)));
    }
  }

  private static String pattern(Class<?> measured) {
    return measured.getName().replace(".", "\\.") + "\\.";
  }

  private static String name(RunResult result) {
    String method = result.getParams().getBenchmark();
    String parameters =
        result.getParams().getParamsKeys().stream()
            .map(key -> String.format(Locale.ROOT, "%s %s", key, result.getParams().getParam(key)))
            .collect(Collectors.joining(", "));
    String shortName = method.substring(method.lastIndexOf('.', method.lastIndexOf('.') - 1) + 1);
    return parameters.isEmpty() ? shortName : shortName + ", " + parameters;
  }
}
