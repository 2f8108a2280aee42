package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** A streams-app in a JVM of its own, so that it can be killed. */
record StreamsProcess(Process process) implements AutoCloseable {

  /**
   * Starts one, and returns when it is ready.
   *
   * @param log what it says is appended there
   */
  static StreamsProcess start(Path log, Map<String, String> environment) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            ProcessHandle.current().info().command().orElse("java"),
            "-Xmx512m",
            "-cp",
            System.getProperty("java.class.path"),
            "io.presence.streams.Main");
    builder.environment().putAll(environment);
    builder
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    long before = Files.exists(log) ? Files.size(log) : 0;
    StreamsProcess app = new StreamsProcess(builder.start());
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              String said = said(log, before);
              assertThat(app.process.isAlive()).as(said).isTrue();
              return said.contains("streams-app is ready");
            });
    return app;
  }

  /** Kills it as SIGKILL does, and waits until it is dead. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }

  private static String said(Path log, long from) throws IOException {
    String text = Files.readString(log);
    return text.length() < from ? "" : text.substring((int) from);
  }
}
