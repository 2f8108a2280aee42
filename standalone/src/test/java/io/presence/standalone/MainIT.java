package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process as one starts and stops it. */
class MainIT {
  private static final Pattern READY =
      Pattern.compile(
          "presence is ready: http://127\\.0\\.0\\.1:(\\d+) · Kafka 127\\.0\\.0\\.1:\\d+");

  @TempDir Path directory;
  private @Nullable Process first;

  @AfterEach
  void stop() {
    if (first != null) {
      first.destroyForcibly();
    }
  }

  @Test
  void shouldSayInOneLineThatItIsReadyAndStopWhenTold() throws Exception {
    Process process = start("first", Map.of());
    first = process;
    await().atMost(Duration.ofSeconds(60)).until(() -> !out("first").isEmpty());
    assertThat(out("first")).singleElement().asString().matches(READY);
    Matcher ready = READY.matcher(out("first").getFirst());
    assertThat(ready.matches()).isTrue();
    Client client = new Client(Integer.parseInt(ready.group(1)));
    assertThat(client.lookup(null, List.of("ada")).path("unavailable")).isEmpty();
    client.post("/v1/users/ada/online", "{}").is(202);

    Process second = start("second", Map.of());
    assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).isEqualTo(1);
    assertThat(out("second")).isEmpty();
    assertThat(err("second"))
        .singleElement()
        .asString()
        .startsWith("presence: PRESENCE_DATA_DIR: ")
        .endsWith("is in use by another process (pid " + process.pid() + ")");

    process.destroy();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    // 128 and the number of SIGTERM.
    assertThat(process.exitValue()).isEqualTo(143);
    assertThat(out("first")).hasSize(1);
    assertThat(err("first")).noneMatch(line -> line.contains(" ERROR "));
  }

  @Test
  void shouldComeBackAfterAKill() throws Exception {
    Client client = ready("killed");
    client.post("/v1/users/ada/online", "{}").is(202);
    client.post("/v1/users/ada/offline", "{}").is(202);
    client.post("/v1/users/bob/online", "{}").is(202);
    awaitStatus(client, "ada", "offline");
    awaitStatus(client, "bob", "online");
    Objects.requireNonNull(first).destroyForcibly().waitFor();

    client = ready("again");
    awaitStatus(client, "ada", "offline");
    awaitStatus(client, "bob", "online");
    assertThat(err("again"))
        .as("no thread may die of what is left")
        .noneMatch(line -> line.contains(" ERROR "));
  }

  @Test
  void shouldNameWhatIsWrongWhenASettingIs() throws Exception {
    Process process =
        start("wrong", Map.of("PRESENCE_AWAY_AFTER", "never", "PRESENCE_COLOUR", "blue"));
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(2);
    assertThat(err("wrong"))
        .containsExactly(
            "presence: PRESENCE_AWAY_AFTER: expected a duration such as 500ms, 30s, 5m, 6h or 30d,"
                + " got \"never\"",
            "PRESENCE_COLOUR: there is no such setting");
  }

  @Test
  void shouldSayHowItIsUsedFromAnyDirectory() throws Exception {
    Process launcher =
        new ProcessBuilder(ComposeFile.repository().resolve("presence").toString(), "help")
            .redirectErrorStream(true)
            .directory(directory.toFile())
            .start();
    String help = new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(launcher.waitFor()).isZero();
    assertThat(help).contains("standalone", "streams-app", "gateway", "config");
  }

  /** Starts one and returns when it is ready. */
  private Client ready(String name) throws IOException {
    first = start(name, Map.of());
    await().atMost(Duration.ofSeconds(60)).until(() -> !out(name).isEmpty());
    Matcher ready = READY.matcher(out(name).getFirst());
    assertThat(ready.matches()).isTrue();
    return new Client(Integer.parseInt(ready.group(1)));
  }

  private static void awaitStatus(Client client, String user, String status) {
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () ->
                status.equals(
                    client
                        .lookup(null, List.of(user))
                        .path("presences")
                        .path(user)
                        .path("status")
                        .asText()));
  }

  private Process start(String name, Map<String, String> more) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            ProcessHandle.current().info().command().orElse("java"),
            "-Xmx512m",
            "--enable-native-access=ALL-UNNAMED",
            "-Dlogback.configurationFile=logback-standalone.xml",
            "-cp",
            System.getProperty("java.class.path"),
            "io.presence.standalone.Main");
    Map<String, String> settings = new HashMap<>(more);
    settings.put("PRESENCE_DATA_DIR", directory.resolve("data").toString());
    settings.put("PRESENCE_HTTP_PORT", "0");
    settings.put("PRESENCE_KAFKA_PORT", "0");
    builder.environment().keySet().removeIf(variable -> variable.startsWith("PRESENCE_"));
    builder.environment().putAll(settings);
    builder.environment().put("LC_ALL", "C");
    return builder
        .redirectOutput(directory.resolve(name + ".out").toFile())
        .redirectError(directory.resolve(name + ".err").toFile())
        .start();
  }

  /** The lines it wrote to its end: what is being written may be half a line. */
  private List<String> out(String name) throws IOException {
    String written = Files.readString(directory.resolve(name + ".out"));
    return written.substring(0, written.lastIndexOf('\n') + 1).lines().toList();
  }

  private List<String> err(String name) throws IOException {
    return Files.readAllLines(directory.resolve(name + ".err"));
  }
}
