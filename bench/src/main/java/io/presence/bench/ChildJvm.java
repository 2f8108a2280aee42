package io.presence.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A JVM with this one's class path, so that what is measured has CPU and memory of its own. */
public final class ChildJvm implements AutoCloseable {
  private static final Duration START_PATIENCE = Duration.ofMinutes(3);
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);
  private static final Pattern USED =
      Pattern.compile("(?:used|total)\\s+\\d+K, used (\\d+)K|used (\\d+)K");

  private final Process process;
  private final Path log;
  private final String readyLine;

  private ChildJvm(Process process, Path log, String readyLine) {
    this.process = process;
    this.log = log;
    this.readyLine = readyLine;
  }

  /**
   * Starts one.
   *
   * @param environment settings, beside those of this process that are not {@code PRESENCE_…}
   * @param flags of the JVM
   * @param log where what it says on standard error is written to
   * @param readyText returns when it printed a line with this on standard output
   * @throws IOException if it ended or took too long; the end of its log is in the message
   */
  public static ChildJvm start(
      String mainClass,
      Map<String, String> environment,
      List<String> flags,
      Path log,
      String readyText)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(tool("java"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+ExitOnOutOfMemoryError"));
    if (Runtime.version().feature() >= 23) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("PRESENCE_"));
    builder.environment().putAll(environment);
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    Process process = builder.start();
    CompletableFuture<String> ready = new CompletableFuture<>();
    Thread.ofPlatform().daemon().name("said").start(() -> read(process, readyText, ready));
    try {
      return new ChildJvm(
          process, log, ready.get(START_PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException | TimeoutException e) {
      process.destroyForcibly().waitFor();
      throw new IOException(mainClass + " is not ready: " + e + "\n" + end(log), e);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  /** Its process. */
  public long pid() {
    return process.pid();
  }

  /** The line it said that it is ready with. */
  public String readyLine() {
    return readyLine;
  }

  /** CPU-seconds used so far. */
  public double cpuSeconds() throws IOException {
    return Cpu.of(pid());
  }

  /** CPU-seconds that its compilers have used so far, those threads of them that still run. */
  double compilerSeconds() throws IOException {
    return Cpu.ofThreads(pid(), "C1 Comp") + Cpu.ofThreads(pid(), "C2 Comp");
  }

  /** Resident memory in bytes. */
  public long residentBytes() throws IOException {
    return Cpu.residentBytes(pid());
  }

  /** Bytes of live objects: it collects all garbage first. */
  public long usedHeapBytes() throws IOException, InterruptedException {
    jcmd("GC.run");
    Matcher used = USED.matcher(jcmd("GC.heap_info"));
    if (!used.find()) {
      throw new IOException("jcmd tells no size of the heap");
    }
    String kibibytes = used.group(1) != null ? used.group(1) : used.group(2);
    return Long.parseLong(kibibytes) * 1024;
  }

  /** What {@code jcmd} says of it. */
  public String jcmd(String... command) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(tool("jcmd"), Long.toString(pid())));
    all.addAll(List.of(command));
    Process jcmd = new ProcessBuilder(all).redirectErrorStream(true).start();
    String said = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (jcmd.waitFor() != 0) {
      throw new IOException("jcmd failed: " + said);
    }
    return said;
  }

  /** Ends it as SIGKILL does, and waits until it is gone. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Ends it as SIGTERM does; if that takes too long, as SIGKILL does. */
  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(STOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      System.err.println("  had to be killed, see " + log);
      kill();
    }
  }

  private static void read(Process process, String readyText, CompletableFuture<String> ready) {
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.contains(readyText)) {
          ready.complete(line);
        }
      }
      ready.completeExceptionally(new IOException("it ended"));
    } catch (IOException e) {
      ready.completeExceptionally(e);
    }
  }

  private static String end(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
  }

  private static String tool(String name) {
    return Path.of(System.getProperty("java.home"), "bin", name).toString();
  }
}
