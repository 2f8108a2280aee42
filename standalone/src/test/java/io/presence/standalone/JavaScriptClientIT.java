package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the tests of the browser client with Node's own runner, against what is started here: one
 * gateway that believes who people say they are, and one that wants tokens.
 */
class JavaScriptClientIT {
  private static final Path SOURCE = Path.of("../clients/javascript");
  private static final Path COPY = Path.of("target/javascript-client");
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final int OLDEST_NODE = 18;
  private static final String SECRET = "a secret that only the tests know";

  @TempDir Path data;

  @TestFactory
  List<DynamicTest> shouldPassEachOfItsOwnTests() throws Exception {
    skipWithoutNode();
    copy();
    Run install = run("npm", Npm.ENVIRONMENT, "npm", "ci", "--no-audit", "--no-fund");
    assertThat(install.exitCode()).as("npm ci\n%s", install.errors()).isZero();

    try (Standalone open = Standalone.start(settings("open", Map.of()));
        Standalone guarded =
            Standalone.start(
                settings(
                    "guarded", Map.of("PRESENCE_AUTH", "jwt", "PRESENCE_JWT_SECRET", SECRET)))) {
      List<String> command =
          new ArrayList<>(List.of("node", "--test", "--test-reporter=./test/reporter.js"));
      List<String> files = testFiles();
      command.addAll(files);
      Run tests =
          run(
              "tests",
              Map.of(
                  "PRESENCE_TEST_URL", "http://127.0.0.1:" + open.httpPort(),
                  "PRESENCE_TEST_JWT_URL", "http://127.0.0.1:" + guarded.httpPort(),
                  "PRESENCE_TEST_JWT_SECRET", SECRET),
              command.toArray(String[]::new));
      return report(tests, files);
    }
  }

  private static List<DynamicTest> report(Run run, List<String> files) throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    List<String> silent = new ArrayList<>(files);
    boolean failed = false;
    for (String line : run.output().lines().toList()) {
      JsonNode outcome = Json.MAPPER.readTree(line);
      String file = outcome.path("file").asText();
      silent.removeIf(file::endsWith);
      String why = outcome.path("why").asText();
      String name =
          file.substring(file.lastIndexOf('/') + 1) + ": " + outcome.path("name").asText();
      failed |= outcome.path("outcome").asText().equals("failed");
      tests.add(
          DynamicTest.dynamicTest(
              name,
              () -> {
                switch (outcome.path("outcome").asText()) {
                  case "passed" -> {}
                  case "skipped" -> abort(name + ": " + why);
                  default -> fail(name + "\n" + why);
                }
              }));
    }
    assertThat(silent).as("files of which no test was heard\n%s", run.errors()).isEmpty();
    assertThat(run.exitCode() != 0).as("it failed\n%s", run.errors()).isEqualTo(failed);
    return tests;
  }

  private static void skipWithoutNode() throws Exception {
    for (String program : List.of("node", "npm")) {
      String version;
      try {
        version =
            new String(
                    start(program, "--version").getInputStream().readAllBytes(),
                    StandardCharsets.UTF_8)
                .strip();
      } catch (IOException e) {
        abort("Node.js is not installed: " + e.getMessage());
        return;
      }
      if (program.equals("node")) {
        int major = Integer.parseInt(version.replaceFirst("^v(\\d+)\\..*$", "$1"));
        if (major < OLDEST_NODE) {
          abort("Node.js " + OLDEST_NODE + " or newer is not installed: there is " + version);
        }
      }
    }
  }

  private static Process start(String... command) throws IOException {
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** A copy, for a build writes nothing beside its sources. */
  private static void copy() throws IOException {
    Files.walkFileTree(
        SOURCE,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            if (directory.endsWith("node_modules")) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(COPY.resolve(SOURCE.relativize(directory)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(
                file, COPY.resolve(SOURCE.relativize(file)), StandardCopyOption.REPLACE_EXISTING);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static List<String> testFiles() throws IOException {
    try (Stream<Path> files = Files.list(SOURCE.resolve("test"))) {
      List<String> tests =
          files
              .map(file -> "test/" + file.getFileName())
              .filter(name -> name.endsWith(".test.js"))
              .sorted()
              .collect(Collectors.toList());
      assertThat(tests).isNotEmpty();
      return tests;
    }
  }

  private Map<String, String> settings(String name, Map<String, String> more) {
    Map<String, String> settings = new HashMap<>(more);
    settings.put("PRESENCE_DATA_DIR", data.resolve(name).toString());
    settings.put("PRESENCE_HTTP_PORT", "0");
    settings.put("PRESENCE_KAFKA_PORT", "0");
    settings.put("PRESENCE_HEARTBEAT_TTL", "6s");
    return settings;
  }

  private record Run(int exitCode, String output, String errors) {}

  /** Runs a program in the copy, and waits for its end. */
  private static Run run(String name, Map<String, String> environment, String... command)
      throws Exception {
    Path output = COPY.resolveSibling("javascript-client." + name + ".out");
    Path errors = COPY.resolveSibling("javascript-client." + name + ".err");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    Process process =
        builder
            .directory(COPY.toFile())
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        fail("%s did not end in %s\n%s", List.of(command), PATIENCE, Files.readString(errors));
      }
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return new Run(process.exitValue(), Files.readString(output), Files.readString(errors));
  }
}
