package io.presence.cluster;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A process of the cluster: started again and again, it has the same address and the same data. It
 * is found by its process id alone.
 */
final class Member {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  final String name;
  private final Path log;
  private final String mainClass;
  private final String readyText;
  private final String classes;
  private final Map<String, String> environment;
  private @Nullable Process process;
  private long logBefore;

  /**
   * @param logs where its log is; starts append to it
   * @param readyText what it says when it is ready
   * @param classes the option of the JVM that says what to do with an archive of classes
   */
  Member(
      String name,
      Path logs,
      String mainClass,
      String readyText,
      String classes,
      Map<String, String> environment) {
    this.name = name;
    this.log = logs.resolve(name + ".log");
    this.mainClass = mainClass;
    this.readyText = readyText;
    this.classes = classes;
    this.environment = Map.copyOf(environment);
  }

  /** Starts it, and does not wait. */
  void start() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Eight of them start on two cores, and none lives long: what compiles less is faster here.
    // Without --enable-native-access, beside which JVMs take no archive of classes.
    command.addAll(
        List.of(
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            classes,
            "-Dlogback.configurationFile=logback-cluster.xml"));
    if (Runtime.version().feature() >= 23) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    command.addAll(List.of("-cp", classPath(), Supervised.class.getName(), mainClass));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(variable -> variable.startsWith("PRESENCE_"));
    builder.environment().putAll(environment);
    builder
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    say("starts");
    try {
      logBefore = Files.size(log);
      process = builder.start();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits until the process that was started last has said that it is ready. */
  void awaitReady() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!saidSinceStart().contains(readyText)) {
      if (!process().isAlive() || System.nanoTime() > deadline) {
        String said = saidSinceStart();
        throw new AssertionError(
            name + " is not ready: " + said.substring(Math.max(0, said.length() - 4_000)));
      }
      Thread.sleep(50);
    }
  }

  /** Ends it as SIGKILL does, and waits until it is dead. */
  void kill() throws InterruptedException {
    say("is killed");
    process().destroyForcibly().waitFor();
  }

  /** Asks it to end, and waits until it has: that it does is part of what is tried. */
  void stop() throws InterruptedException {
    say("is told to stop");
    // By its handle: the process would have its input closed as well, and take that for our death.
    process().toHandle().destroy();
    if (!process().waitFor(40, TimeUnit.SECONDS)) {
      kill();
      throw new AssertionError(name + " did not stop within 40 s of SIGTERM");
    }
  }

  /** Stops it in its tracks for a while, as SIGSTOP does. Returns when it goes on. */
  void pause(Duration pause) throws IOException, InterruptedException {
    say("is paused for " + pause);
    // Not by this process: if that died, this one would stay paused for ever.
    String script =
        "kill -STOP %1$d; sleep %2$d; kill -CONT %1$d"
            .formatted(process().pid(), pause.toSeconds());
    int status =
        new ProcessBuilder("sh", "-c", script)
            .redirectErrorStream(true)
            .redirectOutput(new File("/dev/null"))
            .start()
            .waitFor();
    if (status != 0) {
      throw new AssertionError(name + " could not be paused");
    }
    say("goes on");
  }

  /** Without the classes of tests: those in a directory cannot be in an archive. */
  private static String classPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(each -> !Path.of(each).endsWith("test-classes"))
        .collect(Collectors.joining(File.pathSeparator));
  }

  boolean isAlive() {
    Process started = process;
    return started != null && started.isAlive();
  }

  /** Ends it, however it is. */
  void end() throws InterruptedException {
    Process started = process;
    if (started != null) {
      started.destroyForcibly().waitFor();
    }
  }

  private Process process() {
    Process started = process;
    if (started == null) {
      throw new IllegalStateException(name + " was never started");
    }
    return started;
  }

  private String saidSinceStart() {
    try {
      byte[] all = Files.readAllBytes(log);
      int from = (int) Math.min(all.length, logBefore);
      return new String(all, from, all.length - from, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void say(String what) {
    try {
      Files.writeString(
          log,
          "=== %s %s %s%n".formatted(LocalTime.now(ZoneId.systemDefault()), name, what),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
