package io.presence.schemas;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.Schema;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.Problem;
import io.presence.schemas.json.Problem.Fault;
import io.presence.schemas.topic.DeadLetter;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code openapi.yaml} and {@code asyncapi.yaml}: whole, and true to the schemas and topics. */
class DescriptionsTest {
  private static final ObjectMapper YAML = new YAMLMapper();
  private static final JsonNode OPENAPI = document("openapi.yaml");
  private static final JsonNode ASYNCAPI = document("asyncapi.yaml");
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete");

  static List<Sample> presences() {
    return samples("presence", "valid");
  }

  static List<Sample> noPresences() {
    return samples("presence", "invalid");
  }

  static List<Sample> closedSessions() {
    return samples("presence-sessions", "valid");
  }

  static List<Sample> events() {
    return samples("presence-events", "valid");
  }

  static List<Sample> noEvents() {
    return samples("presence-events", "invalid");
  }

  @ParameterizedTest
  @ValueSource(strings = {"openapi.yaml", "asyncapi.yaml"})
  void shouldResolveEveryReference(String name) {
    JsonNode document = document(name);
    List<String> broken = new ArrayList<>();
    walk(
        document,
        "",
        (path, node) -> {
          JsonNode reference = node.get("$ref");
          if (reference != null && resolve(document, reference.textValue()).isMissingNode()) {
            broken.add(path + ": " + reference);
          }
        });
    assertThat(broken).isEmpty();
  }

  @Test
  void shouldUseEveryComponent() {
    Set<String> used = new HashSet<>();
    walk(
        OPENAPI,
        "",
        (path, node) -> {
          if (node.has("$ref")) {
            used.add(node.get("$ref").textValue());
          }
        });
    for (String kind : List.of("schemas", "responses", "parameters", "headers")) {
      OPENAPI
          .at("/components/" + kind)
          .fieldNames()
          .forEachRemaining(
              component -> assertThat(used).contains("#/components/" + kind + "/" + component));
    }
  }

  @Test
  void shouldDescribeEveryOperation() {
    assertThat(OPENAPI.path("openapi").textValue()).startsWith("3.1.");
    Set<String> tags = new TreeSet<>(OPENAPI.path("tags").findValuesAsText("name"));
    Set<String> ids = new TreeSet<>();
    operations()
        .forEach(
            (name, operation) -> {
              assertThat(ids.add(operation.path("operationId").asText())).as(name).isTrue();
              assertThat(operation.path("summary").asText()).as(name).isNotEmpty();
              assertThat(operation.path("tags")).as(name).hasSize(1);
              assertThat(tags).as(name).contains(operation.path("tags").path(0).asText());
              assertThat(operation.path("responses")).as(name).isNotEmpty();
              operation
                  .path("responses")
                  .forEach(
                      response ->
                          assertThat(resolved(response).path("description").asText())
                              .as(name)
                              .isNotEmpty());
            });
  }

  @Test
  void shouldDeclareTheParametersOfEveryPath() {
    operations()
        .forEach(
            (name, operation) -> {
              Set<String> declared = new TreeSet<>();
              for (JsonNode parameters :
                  List.of(
                      operation.path("parameters"),
                      OPENAPI.path("paths").path(path(name)).path("parameters"))) {
                for (JsonNode parameter : parameters) {
                  if (resolved(parameter).path("in").asText().equals("path")) {
                    declared.add("{" + resolved(parameter).path("name").asText() + "}");
                  }
                }
              }
              Set<String> named = new TreeSet<>();
              for (String part : path(name).split("/")) {
                if (part.startsWith("{")) {
                  named.add(part);
                }
              }
              assertThat(declared).as(name).isEqualTo(named);
            });
  }

  @Test
  void shouldNameTheErrorsThatEveryCallHas() {
    operations()
        .forEach(
            (name, operation) -> {
              Set<String> codes = new TreeSet<>();
              operation.path("responses").fieldNames().forEachRemaining(codes::add);
              if (path(name).startsWith("/v1/")) {
                assertThat(codes).as(name).contains("400", "401", "403", "429", "503");
                assertThat(codes)
                    .as(name)
                    .contains(name.startsWith("get") || isQuery(name) ? "200" : "202");
                if (operation.has("requestBody")) {
                  assertThat(codes).as(name).contains("413", "415");
                }
              } else {
                assertThat(operation.path("security").isEmpty()).as(name).isTrue();
              }
            });
  }

  @ParameterizedTest
  @MethodSource("presences")
  void shouldDescribeThePresencesThatThereAre(Sample sample) {
    assertThat(JsonSchemas.faults(component("Presence"), sample.bytes()))
        .as("%s", sample)
        .isEmpty();
  }

  @ParameterizedTest
  @MethodSource("noPresences")
  void shouldDescribeNoPresencesThatThereCannotBe(Sample sample) {
    assertThat(JsonSchemas.faults(component("Presence"), sample.bytes()))
        .as("%s", sample)
        .isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("closedSessions")
  void shouldDescribeTheClosedSessionsThatThereAre(Sample sample) {
    assertThat(JsonSchemas.faults(component("ClosedSession"), sample.bytes()))
        .as("%s", sample)
        .isEmpty();
  }

  @ParameterizedTest
  @MethodSource("events")
  void shouldTakeTheEventsThatMayBePosted(Sample sample) throws IOException {
    String type = YAML.readTree(sample.bytes()).path("type").asText();
    List<String> faults = JsonSchemas.faults(component("Event"), sample.bytes());

    if (Set.of("heartbeats", "interest", "lease", "tick").contains(type)) {
      assertThat(faults).as("%s", sample).isNotEmpty();
    } else {
      assertThat(faults).as("%s", sample).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("noEvents")
  void shouldTakeNoEventThatIsInvalid(Sample sample) {
    assertThat(JsonSchemas.faults(component("Event"), sample.bytes()))
        .as("%s", sample)
        .isNotEmpty();
  }

  @Test
  void shouldDescribeTheProblemsThatThereAre() {
    Schema schema = component("Problem");
    Problem withFaults =
        new Problem(
            400, "x", List.of(new Fault(0, "user_id", "missing"), new Fault(null, "", "broken")));

    assertThat(JsonSchemas.faults(schema, withFaults.toJson())).isEmpty();
    assertThat(JsonSchemas.faults(schema, new Problem(404, "x").toJson())).isEmpty();
  }

  @Test
  void shouldGiveExamplesThatAreRight() {
    List<String> faults = new ArrayList<>();
    walk(
        OPENAPI,
        "",
        (path, node) -> {
          JsonNode example = node.get("example");
          JsonNode schema = path.startsWith("/components/schemas/") ? node : node.get("schema");
          if (example != null && schema != null) {
            for (String fault :
                JsonSchemas.faults(schema(schema), example.toString().getBytes(UTF_8))) {
              faults.add(path + ": " + fault);
            }
          }
        });
    assertThat(faults).isEmpty();
  }

  @Test
  void shouldHaveTheSameBoundsEverywhere() {
    JsonNode id = OPENAPI.at("/components/schemas/Id");
    JsonNode common = file("schemas/common.json").path("$defs");

    assertThat(id.path("maxLength").intValue()).isEqualTo(Fields.MAX_ID);
    assertThat(common.at("/id/maxLength").intValue()).isEqualTo(Fields.MAX_ID);
    assertThat(common.at("/id/pattern")).isEqualTo(id.path("pattern"));
    assertThat(common.at("/device/maxLength").intValue()).isEqualTo(Fields.MAX_DEVICE);
    assertThat(common.at("/activity/maxLength").intValue()).isEqualTo(Fields.MAX_ACTIVITY);
    assertThat(common.at("/custom_status/maxLength").intValue())
        .isEqualTo(Fields.MAX_CUSTOM_STATUS);
    assertThat(common.at("/expires_in/maximum").longValue())
        .isEqualTo(Fields.MAX_EXPIRY.toSeconds());
  }

  @Test
  void shouldDescribeTheTopicsAsTheyAreCreated() {
    assertThat(ASYNCAPI.path("asyncapi").textValue()).isEqualTo("3.0.0");
    Map<String, Map<String, String>> described = new TreeMap<>();
    topics()
        .forEach(
            channel -> {
              Map<String, String> config = new TreeMap<>();
              channel
                  .at("/bindings/kafka/topicConfiguration")
                  .properties()
                  .forEach(
                      entry ->
                          config.put(
                              entry.getKey(),
                              entry.getValue().isArray()
                                  ? entry.getValue().path(0).asText()
                                  : entry.getValue().asText()));
              described.put(channel.path("address").asText(), config);
            });
    Map<String, Map<String, String>> created = new TreeMap<>();
    for (Topic<?> topic : new Topics("").all()) {
      created.put(topic.name(), new TreeMap<>(topic.config()));
    }
    assertThat(described).isEqualTo(created);
  }

  @Test
  void shouldDescribeAMessageOfEveryType() {
    assertThat(fieldNames("/channels/presence-events/messages"))
        .isEqualTo(JsonSchemas.types("presence-events"));
    assertThat(fieldNames("/channels/channel-events/messages"))
        .isEqualTo(JsonSchemas.types("channel-events"));
    Set<String> said = JsonSchemas.types("socket-client");
    said.addAll(JsonSchemas.types("socket-server"));
    assertThat(fieldNames("/channels/presence/messages")).isEqualTo(said);
    ASYNCAPI
        .path("operations")
        .forEach(
            operation -> assertThat(operation.path("action").asText()).matches("send|receive"));
  }

  @Test
  void shouldSayWhoSaysWhatOnSockets() {
    Map<String, Set<String>> said = new TreeMap<>();
    ASYNCAPI
        .path("operations")
        .forEach(
            operation ->
                operation
                    .path("messages")
                    .forEach(
                        message -> {
                          String reference = message.path("$ref").textValue();
                          assertThat(reference).startsWith("#/channels/presence/messages/");
                          said.computeIfAbsent(
                                  operation.path("action").textValue(), action -> new TreeSet<>())
                              .add(reference.substring(reference.lastIndexOf('/') + 1));
                        }));
    assertThat(said.get("receive")).isEqualTo(JsonSchemas.types("socket-client"));
    assertThat(said.get("send")).isEqualTo(JsonSchemas.types("socket-server"));
  }

  @Test
  void shouldGiveExamplesOfMessagesThatAreRight() {
    List<String> faults = new ArrayList<>();
    Set<String> shown = new TreeSet<>();
    for (String schema : List.of("socket-client", "socket-server")) {
      for (String type : JsonSchemas.types(schema)) {
        JsonNode message = ASYNCAPI.at("/components/messages/socket_" + type);
        assertThat(message.path("name").textValue()).isEqualTo(type);
        assertThat(message.at("/payload/schema/$ref").textValue())
            .isEqualTo("schemas/" + schema + ".json#/$defs/" + type);
        for (JsonNode example : message.path("examples")) {
          shown.add(example.at("/payload/type").textValue());
          JsonSchemas.faults(
                  JsonSchemas.schema(schema), example.path("payload").toString().getBytes(UTF_8))
              .forEach(fault -> faults.add(type + ": " + fault));
        }
      }
    }
    assertThat(faults).isEmpty();
    assertThat(shown).isEqualTo(fieldNames("/channels/presence/messages"));
  }

  @Test
  void shouldDescribeEveryErrorCodeAndWhatEndsSockets() {
    assertThat(fieldNames("/channels/presence/x-error-codes")).isEqualTo(JsonSchemas.errorCodes());
    assertThat(fieldNames("/channels/presence/x-close-codes"))
        .isNotEmpty()
        .allSatisfy(code -> assertThat(code).matches("1[0-9]{3}|4[0-9]{3}"));
  }

  @Test
  void shouldSayWhereEveryChannelIs() {
    assertThat(ASYNCAPI.path("channels"))
        .allSatisfy(
            channel -> {
              boolean topic = channel.path("bindings").has("kafka");
              assertThat(channel.path("servers")).hasSize(1);
              assertThat(channel.at("/servers/0/$ref").textValue())
                  .isEqualTo(topic ? "#/servers/kafka" : "#/servers/gateway");
            });
  }

  @Test
  void shouldDescribeTheHeadersOfDeadLetters() {
    assertThat(fieldNames("/components/messages/dead_letter/headers/properties"))
        .containsExactlyInAnyOrder(
            DeadLetter.REASON, DeadLetter.TOPIC, DeadLetter.PARTITION, DeadLetter.OFFSET);
  }

  private static List<JsonNode> topics() {
    List<JsonNode> topics = new ArrayList<>();
    for (JsonNode channel : ASYNCAPI.path("channels")) {
      if (channel.path("bindings").has("kafka")) {
        topics.add(channel);
      }
    }
    return topics;
  }

  private static Set<String> fieldNames(String pointer) {
    Set<String> names = new TreeSet<>();
    ASYNCAPI.at(pointer).fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static boolean isQuery(String operation) {
    return operation.equals("post /v1/presence/query");
  }

  private static String path(String operation) {
    return operation.substring(operation.indexOf(' ') + 1);
  }

  /** Every operation, by its method and path. */
  private static Map<String, JsonNode> operations() {
    Map<String, JsonNode> operations = new TreeMap<>();
    OPENAPI
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        method -> {
                          if (METHODS.contains(method.getKey())) {
                            operations.put(
                                method.getKey() + " " + path.getKey(), method.getValue());
                          }
                        }));
    return operations;
  }

  private static Schema component(String name) {
    return schema(YAML.createObjectNode().put("$ref", "#/components/schemas/" + name));
  }

  /** A schema of the description, standing by itself. */
  private static Schema schema(JsonNode node) {
    ObjectNode schema = node.deepCopy();
    schema.putObject("components").set("schemas", OPENAPI.at("/components/schemas"));
    return JsonSchemas.schema(schema);
  }

  private static List<Sample> samples(String schema, String kind) {
    return Sample.all(Sample.CURRENT.resolve(schema), kind);
  }

  private static JsonNode resolved(JsonNode node) {
    JsonNode reference = node.get("$ref");
    return reference == null ? node : resolve(OPENAPI, reference.textValue());
  }

  private static JsonNode resolve(JsonNode document, String reference) {
    int hash = reference.indexOf('#');
    JsonNode target =
        hash == 0 ? document : file(hash < 0 ? reference : reference.substring(0, hash));
    return hash < 0 ? target : target.at(reference.substring(hash + 1));
  }

  private static void walk(JsonNode node, String path, BiConsumer<String, JsonNode> visitor) {
    if (node.isObject()) {
      visitor.accept(path, node);
    }
    node.properties()
        .forEach(child -> walk(child.getValue(), path + "/" + child.getKey(), visitor));
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      walk(node.get(i), path + "/" + i, visitor);
    }
  }

  private static JsonNode document(String name) {
    return file(name);
  }

  private static JsonNode file(String name) {
    Path file = JsonSchemas.RESOURCES.resolve(name);
    try {
      return YAML.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
