package io.presence.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/** The rows as a table for people and as JSON for programs. */
final class Report {
  private static final List<String> HEAD =
      List.of(
          "what",
          "unit",
          "ours",
          "peer or floor",
          "its",
          "ratio",
          "asked",
          "server CPU s",
          "client CPU s",
          "p50 ms",
          "p99 ms",
          "max ms",
          "");

  private Report() {}

  static String table(List<Row> rows) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(HEAD);
    rows.forEach(row -> cells.add(cells(row)));
    int[] widths =
        IntStream.range(0, HEAD.size())
            .map(
                column ->
                    cells.stream().mapToInt(line -> line.get(column).length()).max().orElse(0))
            .toArray();
    cells.add(1, IntStream.of(widths).mapToObj("-"::repeat).toList());
    return cells.stream()
        .map(
            line ->
                IntStream.range(0, widths.length)
                    .mapToObj(
                        column ->
                            line.get(column)
                                + " ".repeat(widths[column] - line.get(column).length()))
                    .collect(Collectors.joining(" | ", "| ", " |")))
        .collect(Collectors.joining("\n"));
  }

  /** One row as a line, said when it is there. */
  static String line(Row row) {
    Double ratio = row.ratio();
    StringBuilder line = new StringBuilder();
    line.append(row.name()).append(": ").append(Row.format(row.ours())).append(' ');
    line.append(row.unit());
    if (ratio != null) {
      line.append(
          ", %s: %s, ratio %s"
              .formatted(
                  row.referenceName(),
                  Row.format(row.reference() == null ? 0 : row.reference()),
                  Row.format(ratio)));
    }
    if (row.target() != null) {
      line.append(row.holds() ? ", as asked" : ", SHORT of " + Row.format(row.target()));
    }
    return row.remark().isEmpty() ? line.toString() : line + " (" + row.remark() + ")";
  }

  static void writeJson(List<Row> rows, Path file) throws IOException {
    ArrayNode all = Json.MAPPER.createArrayNode();
    for (Row row : rows) {
      ObjectNode each = all.addObject();
      each.put("name", row.name()).put("unit", row.unit()).put("ours", row.ours());
      each.put("reference", row.reference());
      each.put("reference_name", row.referenceName().isEmpty() ? null : row.referenceName());
      each.put("ratio", row.ratio());
      each.put("target", row.target()).put("holds", row.holds());
      each.put("server_cpu_s", row.serverCpu()).put("client_cpu_s", row.clientCpu());
      Histogram latencies = row.latencies();
      if (latencies != null) {
        each.put("p50_ms", millis(latencies.getValueAtPercentile(50)));
        each.put("p99_ms", millis(latencies.getValueAtPercentile(99)));
        each.put("max_ms", millis(latencies.getMaxValue()));
      }
      if (!row.remark().isEmpty()) {
        each.put("remark", row.remark());
      }
    }
    Files.writeString(file, all.toPrettyString() + "\n");
  }

  private static List<String> cells(Row row) {
    Histogram latencies = row.latencies();
    Double target = row.target();
    return List.of(
        row.name(),
        row.unit(),
        Row.format(row.ours()),
        row.referenceName(),
        row.reference() == null ? "" : Row.format(row.reference()),
        row.ratio() == null ? "" : Row.format(row.ratio()) + " ×",
        target == null ? "" : asked(row, target),
        row.serverCpu() == null ? "" : Row.format(row.serverCpu()),
        row.clientCpu() == null ? "" : Row.format(row.clientCpu()),
        latencies == null ? "" : Row.format(millis(latencies.getValueAtPercentile(50))),
        latencies == null ? "" : Row.format(millis(latencies.getValueAtPercentile(99))),
        latencies == null ? "" : Row.format(millis(latencies.getMaxValue())),
        row.remark());
  }

  private static String asked(Row row, double target) {
    String sign = row.ratio() != null || row.better() == Row.Better.MORE ? "≥ " : "≤ ";
    String unit = row.referenceName().isEmpty() ? "" : " ×";
    return sign + Row.format(target) + unit + (row.holds() ? "" : " SHORT");
  }

  private static double millis(long micros) {
    return micros / 1e3;
  }
}
