package io.presence.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** {@code docker-compose.yml} as an engine reads it: merged, and with its defaults filled in. */
record ComposeFile(JsonNode root) {
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{(\\w+):-([^}]*)}");

  /** The root of the repository. */
  static Path repository() {
    return Path.of("..").toAbsolutePath().normalize();
  }

  static ComposeFile read() throws IOException {
    return new ComposeFile(yaml(repository().resolve("docker-compose.yml")));
  }

  /** A YAML file, with its anchors and merge keys resolved. */
  static JsonNode yaml(Path file) throws IOException {
    String text = Files.readString(file);
    Matcher matcher = VARIABLE.matcher(text);
    String filled = matcher.replaceAll(match -> Matcher.quoteReplacement(match.group(2)));
    Object tree = new Yaml(new SafeConstructor(new LoaderOptions())).load(filled);
    return new ObjectMapper().valueToTree(tree);
  }

  Map<String, JsonNode> services() {
    Map<String, JsonNode> services = new LinkedHashMap<>();
    root.get("services").properties().forEach(e -> services.put(e.getKey(), e.getValue()));
    return services;
  }

  JsonNode service(String name) {
    return Objects.requireNonNull(services().get(name), name);
  }

  /** A service's environment. */
  static Map<String, String> environment(JsonNode service) {
    Map<String, String> environment = new LinkedHashMap<>();
    service
        .path("environment")
        .properties()
        .forEach(e -> environment.put(e.getKey(), e.getValue().asText()));
    return environment;
  }

  /** The URL that a service's health check calls. */
  static String healthUrl(JsonNode service) {
    JsonNode test = service.path("healthcheck").path("test");
    return test.path(test.size() - 1).asText();
  }
}
