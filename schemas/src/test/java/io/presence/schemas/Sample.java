package io.presence.schemas;

import io.presence.schemas.json.Json;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.jspecify.annotations.Nullable;

/**
 * One sample of a value.
 *
 * @param schema the name of its schema: its topic, {@code presence}, {@code socket-client} or
 *     {@code socket-server}
 */
record Sample(String schema, Path file) {
  static final Path CURRENT = JsonSchemas.RESOURCES.resolve("samples");

  private static final String WRITTEN = ".written.json";

  /** All samples of a kind ({@code valid}, {@code invalid}, {@code tolerated}) below a folder. */
  static List<Sample> all(Path samples, String kind) {
    try (Stream<Path> files = Files.walk(samples)) {
      List<Sample> found =
          files
              .filter(file -> file.toString().endsWith(".json"))
              .filter(file -> !file.toString().endsWith(WRITTEN))
              .filter(file -> kind.equals(part(file, 2)))
              .sorted()
              .map(file -> new Sample(part(file, 3), file))
              .toList();
      if (found.isEmpty()) {
        throw new IllegalStateException("no samples that are " + kind + " in " + samples);
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same, of values that have a record here; what is said on sockets is read elsewhere. */
  static List<Sample> withRecord(Path samples, String kind) {
    return all(samples, kind).stream()
        .filter(sample -> !sample.schema.startsWith("socket-"))
        .toList();
  }

  /** One part of a path, counted from its end. */
  private static String part(Path file, int fromEnd) {
    return file.getName(file.getNameCount() - fromEnd).toString();
  }

  byte[] bytes() {
    return read(file);
  }

  /** What our writer makes of it; itself if there is nothing else said. */
  byte[] written() {
    Path written = file.resolveSibling(part(file, 1).replace(".json", WRITTEN));
    return read(Files.exists(written) ? written : file);
  }

  /** Reads it into its record and writes that. */
  byte[] throughItsRecord() {
    return through(serde(), bytes());
  }

  private static <T> byte[] through(Serde<T> serde, byte[] bytes) {
    T value = serde.deserializer().deserialize("samples", bytes);
    byte[] written = serde.serializer().serialize("samples", value);
    T again = serde.deserializer().deserialize("samples", written);
    if (!value.equals(again)) {
      throw new AssertionError(value + " came back as " + again);
    }
    return written;
  }

  private Serde<?> serde() {
    if (schema.equals("presence")) {
      return presences();
    }
    for (Topic<?> topic : new Topics("").all()) {
      if (topic.name().equals(schema)) {
        return topic.values();
      }
    }
    throw new IllegalStateException("no topic " + schema);
  }

  private static Serde<@Nullable Presence> presences() {
    return Serdes.serdeFrom(
        (topic, value) -> {
          try {
            return Json.MAPPER.writeValueAsBytes(value);
          } catch (IOException e) {
            throw new SerializationException(e);
          }
        },
        (topic, bytes) -> {
          try {
            return Json.MAPPER.readValue(bytes, Presence.class);
          } catch (IOException e) {
            throw new SerializationException(e);
          }
        });
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String toString() {
    return schema + " " + part(file, 1);
  }
}
