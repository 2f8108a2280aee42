package io.presence.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.Reason;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SamplesTest {
  static List<Sample> valid() {
    return Sample.all(Sample.CURRENT, "valid");
  }

  static List<Sample> invalid() {
    return Sample.all(Sample.CURRENT, "invalid");
  }

  static List<Sample> tolerated() {
    return Sample.all(Sample.CURRENT, "tolerated");
  }

  static List<Sample> validWithRecord() {
    return Sample.withRecord(Sample.CURRENT, "valid");
  }

  static List<Sample> invalidWithRecord() {
    return Sample.withRecord(Sample.CURRENT, "invalid");
  }

  static List<Sample> toleratedWithRecord() {
    return Sample.withRecord(Sample.CURRENT, "tolerated");
  }

  static Set<String> schemas() {
    return JsonSchemas.all().keySet();
  }

  @ParameterizedTest
  @MethodSource("valid")
  void shouldPassItsSchemaWhenValid(Sample sample) {
    assertThat(JsonSchemas.faults(JsonSchemas.schema(sample.schema()), sample.bytes()))
        .as("%s", sample)
        .isEmpty();
  }

  @ParameterizedTest
  @MethodSource("validWithRecord")
  void shouldComeBackFromItsRecordWhenValid(Sample sample) throws IOException {
    byte[] written = sample.throughItsRecord();

    assertThat(Json.MAPPER.readTree(written)).isEqualTo(Json.MAPPER.readTree(sample.written()));
    assertThat(JsonSchemas.faults(JsonSchemas.schema(sample.schema()), written)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("invalid")
  void shouldBeRefusedByItsSchemaWhenInvalid(Sample sample) {
    assertThat(JsonSchemas.faults(JsonSchemas.schema(sample.schema()), sample.bytes()))
        .as("%s", sample)
        .isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("invalidWithRecord")
  void shouldBeRefusedByItsCodecWhenInvalid(Sample sample) {
    assertThatExceptionOfType(SerializationException.class).isThrownBy(sample::throughItsRecord);
  }

  @ParameterizedTest
  @MethodSource("tolerated")
  void shouldBeRefusedByItsSchemaWhenOnlyReadersTakeIt(Sample sample) {
    assertThat(JsonSchemas.faults(JsonSchemas.schema(sample.schema()), sample.bytes()))
        .as("%s", sample)
        .isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("toleratedWithRecord")
  void shouldBeReadWhenOnlyReadersTakeIt(Sample sample) throws IOException {
    assertThat(Json.MAPPER.readTree(sample.throughItsRecord()))
        .isEqualTo(Json.MAPPER.readTree(sample.written()));
  }

  @ParameterizedTest
  @MethodSource("schemas")
  void shouldFollowTheMetaSchemaAndBeNamedByItsFile(String id) throws IOException {
    String text = JsonSchemas.all().get(id);
    Schema metaSchema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_2020_12.getDialectId()));

    List<Error> faults = metaSchema.validate(text, InputFormat.JSON);

    assertThat(faults).isEmpty();
    JsonNode schema = Json.MAPPER.readTree(text);
    assertThat(schema.path("$id").textValue()).isEqualTo(id);
    assertThat(schema.path("$schema").textValue())
        .isEqualTo(SpecificationVersion.DRAFT_2020_12.getDialectId());
  }

  @Test
  void shouldHaveSamplesOfEveryTopicThatCarriesJsonAndOfSockets() {
    Topics topics = new Topics("");
    Set<String> expected = new TreeSet<>(Set.of("presence", "socket-client", "socket-server"));
    for (Topic<?> topic : topics.all()) {
      expected.add(topic.name());
    }
    expected.remove(topics.deadLetters().name());

    for (List<Sample> samples : List.of(valid(), invalid(), tolerated())) {
      assertThat(samples).extracting(Sample::schema).containsAll(expected);
    }
    assertThat(schemas()).containsAll(expected.stream().map(JsonSchemas.URN::concat).toList());
  }

  @Test
  void shouldHaveASampleOfEveryReasonAndEveryType() throws IOException {
    Set<String> reasons = new TreeSet<>();
    Map<String, Set<String>> types = new TreeMap<>();
    for (Sample sample : valid()) {
      JsonNode tree = Json.MAPPER.readTree(sample.bytes());
      reasons.add(tree.path("reason").asText());
      types
          .computeIfAbsent(sample.schema(), schema -> new TreeSet<>())
          .add(tree.path("type").asText());
    }
    assertThat(reasons).contains(words(Reason.values()));
    for (String schema :
        List.of("presence-events", "channel-events", "socket-client", "socket-server")) {
      assertThat(types.get(schema)).isEqualTo(JsonSchemas.types(schema));
    }
  }

  @Test
  void shouldHaveASampleOfEveryErrorCode() throws IOException {
    Set<String> codes = new TreeSet<>();
    for (Sample sample : valid()) {
      if (sample.schema().equals("socket-server")) {
        codes.add(Json.MAPPER.readTree(sample.bytes()).path("code").asText());
      }
    }
    assertThat(codes).containsAll(JsonSchemas.errorCodes());
  }

  private static String[] words(Reason[] reasons) {
    String[] words = new String[reasons.length];
    for (int i = 0; i < reasons.length; i++) {
      words[i] = reasons[i].word();
    }
    return words;
  }
}
