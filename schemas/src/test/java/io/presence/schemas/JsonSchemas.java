package io.presence.schemas;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The published JSON Schemas, by the names of their files. */
final class JsonSchemas {
  static final Path RESOURCES = Path.of("src/main/resources");
  static final String URN = "urn:presence:schema:";

  private static final Map<String, String> TEXTS = texts();
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12, builder -> builder.schemas(TEXTS));

  private JsonSchemas() {}

  /** The ids of all schemas, each with its text. */
  static Map<String, String> all() {
    return TEXTS;
  }

  /** The schema in {@code schemas/<name>.json}. */
  static Schema schema(String name) {
    return REGISTRY.getSchema(SchemaLocation.of(URN + name));
  }

  /** A schema of its own, such as one out of an OpenAPI description. */
  static Schema schema(JsonNode node) {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(node);
  }

  /** The types that the schema of messages tells apart. */
  static Set<String> types(String name) {
    Set<String> types = new TreeSet<>();
    for (JsonNode alternative : tree(name).path("oneOf")) {
      types.add(alternative.path("$ref").textValue().replace("#/$defs/", ""));
    }
    return types;
  }

  /** The codes of errors on sockets. */
  static Set<String> errorCodes() {
    Set<String> codes = new TreeSet<>();
    for (JsonNode code : tree("socket-server").at("/$defs/error/properties/code/enum")) {
      codes.add(code.textValue());
    }
    return codes;
  }

  /** What is wrong with {@code value}, by its schema; bytes that are no JSON are wrong, too. */
  static List<String> faults(Schema schema, byte[] value) {
    JsonNode tree;
    try {
      tree = Json.MAPPER.readTree(value);
    } catch (IOException e) {
      return List.of("not JSON");
    }
    if (tree.isMissingNode()) {
      return List.of("nothing");
    }
    return schema.validate(tree).stream().map(Error::toString).toList();
  }

  private static JsonNode tree(String name) {
    try {
      return Json.MAPPER.readTree(TEXTS.get(URN + name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> texts() {
    try (Stream<Path> files = Files.list(RESOURCES.resolve("schemas"))) {
      return files.collect(
          Collectors.toMap(
              file -> URN + file.getFileName().toString().replace(".json", ""), JsonSchemas::text));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
