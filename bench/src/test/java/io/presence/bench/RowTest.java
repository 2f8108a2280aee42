package io.presence.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowTest {
  @Test
  void shouldSayHowManyTimesBetterWhenMoreIsBetter() {
    Row row = Row.more("lookups", "per s", 300).against("peer", 100).target(4);

    assertThat(row.ratio()).isEqualTo(3);
    assertThat(row.holds()).isFalse();
    assertThat(row.target(3).holds()).isTrue();
  }

  @Test
  void shouldSayHowManyTimesBetterWhenLessIsBetter() {
    Row row = Row.less("memory", "bytes", 100).against("peer", 300);

    assertThat(row.ratio()).isEqualTo(3);
  }

  @Test
  void shouldHoldTheFigureItselfAgainstWhatIsAskedWhenThereIsNoPeer() {
    assertThat(Row.less("memory", "bytes", 300).target(320).holds()).isTrue();
    assertThat(Row.less("memory", "bytes", 330).target(320).holds()).isFalse();
    assertThat(Row.more("events", "per s", 1).target(2).holds()).isFalse();
  }

  @Test
  void shouldNotFailWhatIsAskedWhenThePeerIsNotThere() {
    Row row = Row.more("lookups", "per s", 1).againstNone("Redis", "not installed").target(40);

    assertThat(row.holds()).isTrue();
    assertThat(Report.table(List.of(row))).contains("Redis").contains("not installed");
  }

  @Test
  void shouldWriteWhatProgramsReadWhenAskedForJson(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("rows.json");

    Report.writeJson(
        List.of(
            Row.more("lookups", "per s", 300).against("peer", 100),
            Row.less("tick", "ns", 5).target(4)),
        file);

    JsonNode rows = Json.MAPPER.readTree(file.toFile());
    assertThat(rows).hasSize(2);
    assertThat(rows.get(0).get("name").asText()).isEqualTo("lookups");
    assertThat(rows.get(0).get("reference_name").asText()).isEqualTo("peer");
    assertThat(rows.get(0).get("ratio").asDouble()).isEqualTo(3);
    assertThat(rows.get(1).get("reference").isNull()).isTrue();
    assertThat(rows.get(1).get("holds").asBoolean()).isFalse();
  }
}
