package io.presence.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What any earlier version wrote, this one takes. */
class CompatibilityTest {
  private static final Path FROZEN = Path.of("src/test/resources/compatibility");

  static List<Sample> valid() {
    return Sample.all(FROZEN, "valid");
  }

  static List<Sample> read() {
    return Stream.of("valid", "tolerated")
        .flatMap(kind -> Sample.withRecord(FROZEN, kind).stream())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("valid")
  void shouldPassTheSchemaWhenItDidInAnEarlierVersion(Sample sample) {
    assertThat(JsonSchemas.faults(JsonSchemas.schema(sample.schema()), sample.bytes()))
        .as("%s", sample)
        .isEmpty();
  }

  @ParameterizedTest
  @MethodSource("read")
  void shouldBeReadWhenItWasInAnEarlierVersion(Sample sample) {
    assertThat(sample.throughItsRecord()).isNotEmpty();
  }

  @Test
  void shouldHaveSamplesOfEveryFrozenVersion() throws IOException {
    try (Stream<Path> versions = Files.list(FROZEN)) {
      assertThat(versions)
          .isNotEmpty()
          .allSatisfy(
              version -> {
                assertThat(version.getFileName().toString()).matches("v[0-9]+");
                assertThat(Sample.all(version, "valid")).isNotEmpty();
              });
    }
  }
}
