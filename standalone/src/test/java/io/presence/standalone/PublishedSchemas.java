package io.presence.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.presence.schemas.topic.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The JSON Schemas that are published for producers and consumers. */
final class PublishedSchemas {
  private static final String URN = "urn:presence:schema:";
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12, builder -> builder.schemas(texts()));

  private PublishedSchemas() {}

  /** What is wrong with a value of a topic. */
  static List<String> faults(String topic, byte[] value) {
    return faults(topic, TopicReader.json(value));
  }

  /** What is wrong with a value, by the schema of that name. */
  static List<String> faults(String name, JsonNode value) {
    Schema schema = REGISTRY.getSchema(SchemaLocation.of(URN + name));
    return schema.validate(value).stream().map(Error::toString).toList();
  }

  private static Map<String, String> texts() {
    Map<String, String> texts = new HashMap<>();
    for (String name :
        List.of(
            "common",
            "presence",
            "presence-changes",
            "presence-events",
            "presence-sessions",
            "presence-state",
            "socket-client",
            "socket-server")) {
      try (InputStream in = Topics.class.getResourceAsStream("/schemas/" + name + ".json")) {
        texts.put(
            URN + name,
            new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return texts;
  }
}
