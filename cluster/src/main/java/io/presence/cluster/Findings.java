package io.presence.cluster;

import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What was found while faults hit the cluster: how long nobody answered for a partition, or only
 * standbys did, how late changes were, and whatever is wrong.
 */
final class Findings {

  /** So much of what is wrong during one fault is told. */
  private static final int MOST_WRONG = 12;

  /** During one fault; times in nanoseconds. */
  private static final class Row {
    private int lookups;
    private int stale;
    private int unavailable;
    private int refused;
    private int wrong;
    private long withoutAnswer;

    /** Of which partition, and until when. */
    private String whereWithoutAnswer = "";

    private long withoutOwner;
    private long changeLate;
    private long updateLate;
    private long writeRefused;
    private long withoutSocket;
  }

  private final Map<String, Row> rows = new LinkedHashMap<>();
  private final List<String> wrong = new ArrayList<>();
  private final long[] lastAnswer = new long[Cluster.PARTITIONS];
  private final long[] lastOwner = new long[Cluster.PARTITIONS];
  private int wrongCount;
  private Row row = new Row();
  private String fault = "start";
  private boolean judged = true;

  /** From now on everything belongs to this fault. */
  synchronized void begin(String next) {
    begin(next, true);
  }

  /**
   * The same.
   *
   * @param heldThroughout whether what is seen meanwhile has to be right; if not, only what is seen
   *     in the end
   */
  synchronized void begin(String next, boolean heldThroughout) {
    fault = next;
    judged = heldThroughout;
    row = new Row();
    rows.put(next, row);
    long now = System.nanoTime();
    for (int partition = 0; partition < Cluster.PARTITIONS; partition++) {
      lastAnswer[partition] = now;
      lastOwner[partition] = now;
    }
  }

  /** What is seen from now on is what is seen in the end. */
  synchronized void end() {
    judged = true;
  }

  /** Something is not as it must be. */
  synchronized void wrong(String what) {
    if (!judged) {
      return;
    }
    wrongCount++;
    row.wrong++;
    if (row.wrong <= MOST_WRONG) {
      wrong.add("%s [%s] %s".formatted(LocalTime.now(ZoneId.systemDefault()), fault, what));
    }
  }

  /** All that is not as it must be. */
  synchronized List<String> wrong() {
    List<String> all = new ArrayList<>(wrong);
    if (wrongCount > wrong.size()) {
      all.add("and " + (wrongCount - wrong.size()) + " more");
    }
    return all;
  }

  synchronized void lookup() {
    row.lookups++;
  }

  /** A gateway did not answer a lookup at all. */
  synchronized void noAnswer() {
    row.refused++;
  }

  /** A partition was asked, and nobody could answer for it. */
  synchronized void unavailable() {
    row.unavailable++;
  }

  /**
   * A partition was answered for.
   *
   * @param owned whether by its owner
   */
  synchronized void answered(int partition, boolean owned) {
    long now = System.nanoTime();
    if (now - lastAnswer[partition] > row.withoutAnswer) {
      row.withoutAnswer = now - lastAnswer[partition];
      row.whereWithoutAnswer =
          "partition %d, until %s".formatted(partition, LocalTime.now(ZoneId.systemDefault()));
    }
    lastAnswer[partition] = now;
    if (owned) {
      row.withoutOwner = Math.max(row.withoutOwner, now - lastOwner[partition]);
      lastOwner[partition] = now;
    } else {
      row.stale++;
    }
  }

  synchronized void changeLate(long nanos) {
    row.changeLate = Math.max(row.changeLate, nanos);
  }

  synchronized void updateLate(long nanos) {
    row.updateLate = Math.max(row.updateLate, nanos);
  }

  /** For so long an event was asked for until it was accepted. */
  synchronized void writeTook(long nanos) {
    row.writeRefused = Math.max(row.writeRefused, nanos);
  }

  /** Someone who is kept online by a socket had none for so long. */
  synchronized void withoutSocket(long nanos) {
    row.withoutSocket = Math.max(row.withoutSocket, nanos);
  }

  /** How long no partition was left without any answer, at most, during a fault. */
  synchronized long longestWithoutAnswerMillis(String of) {
    Row found = rows.get(of);
    return found == null ? 0 : millis(found.withoutAnswer);
  }

  /** All of it, as a table. */
  synchronized String table() {
    StringBuilder table = new StringBuilder();
    table.append(
        """
        | fault | lookups | of them by standbys, unavailable, refused \
        | longest without an answer, s | without an unmarked one, s \
        | until a write was accepted, s | latest change, s | latest update on a socket, s \
        | longest without a socket, s |
        | --- | --- | --- | --- | --- | --- | --- | --- | --- |
        """);
    rows.forEach(
        (name, r) ->
            table.append(
                "| %s | %d | %d, %d, %d | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f |%n"
                    .formatted(
                        name,
                        r.lookups,
                        r.stale,
                        r.unavailable,
                        r.refused,
                        r.withoutAnswer / 1e9,
                        r.withoutOwner / 1e9,
                        r.writeRefused / 1e9,
                        r.changeLate / 1e9,
                        r.updateLate / 1e9,
                        r.withoutSocket / 1e9)));
    table.append("\nThe longest without an answer, to be found in the logs:\n\n");
    rows.forEach((name, r) -> table.append("- %s: %s%n".formatted(name, r.whereWithoutAnswer)));
    return table.toString();
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }
}
