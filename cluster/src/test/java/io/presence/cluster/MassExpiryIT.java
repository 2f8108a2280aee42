package io.presence.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.topic.Partitioning;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fifty thousand sessions end at once: what that costs others. */
class MassExpiryIT {
  private static final int COUNT = 50_000;

  /** What DESIGN and docs/operations.md promise on two cores that do nothing else. */
  private static final Duration LOOKUP_BOUND = Duration.ofSeconds(1);

  private static final Duration CHANGE_BOUND = Duration.ofSeconds(10);

  @TempDir Path directory;

  @Test
  void shouldDelayLookupsAndOtherChangesByLittle() throws Exception {
    try (SingleNode node =
        new SingleNode(directory, Time.SYSTEM, Map.of("PRESENCE_HEARTBEAT_TTL", "15s")).start()) {
      List<String> ids = IntStream.range(0, COUNT).mapToObj(i -> "crowd-" + i).toList();
      beat(node, ids);
      awaitCount(node, ids, "online");
      // Once more all at once, so that all windows close within a moment.
      beat(node, ids);
      long begun = System.nanoTime();

      long slowestLookup = 0;
      long slowestChange = 0;
      int text = 0;
      long gone = 0;
      List<String> sample = IntStream.range(0, 100).mapToObj(i -> ids.get(i * 499)).toList();
      while (gone < sample.size()) {
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(90));
        node.append(new Heartbeat("other", null, "web", true));
        long asked = System.nanoTime();
        JsonNode shown = node.lookUp(sample);
        slowestLookup = Math.max(slowestLookup, System.nanoTime() - asked);
        gone =
            sample.stream()
                .filter(id -> shown.path(id).path("status").asText().equals("offline"))
                .count();

        String next = "text " + ++text;
        long set = System.nanoTime();
        assertThat(
                node.call(
                    "PUT",
                    "/v1/users/other/status",
                    "{\"status\":\"busy\",\"custom_status\":\"" + next + "\"}"))
            .isEqualTo(202);
        while (!node.lookUp(List.of("other"))
            .path("other")
            .path("custom_status")
            .asText()
            .equals(next)) {
          Thread.sleep(2);
        }
        slowestChange = Math.max(slowestChange, System.nanoTime() - set);
      }
      awaitCount(node, ids, "offline");
      System.out.printf(
          "%d sessions ended at once: the slowest lookup took %d ms, the slowest change %d ms%n",
          COUNT,
          TimeUnit.NANOSECONDS.toMillis(slowestLookup),
          TimeUnit.NANOSECONDS.toMillis(slowestChange));
      assertThat(Duration.ofNanos(slowestLookup)).isLessThan(LOOKUP_BOUND);
      assertThat(Duration.ofNanos(slowestChange)).isLessThan(CHANGE_BOUND);
      assertThat(node.status("other")).isEqualTo("busy");
    }
  }

  private static void beat(SingleNode node, List<String> ids) {
    Map<Integer, List<Heartbeat>> batches = new HashMap<>();
    for (String id : ids) {
      int partition = Partitioning.partitionOf(id, Cluster.PARTITIONS);
      List<Heartbeat> batch = batches.computeIfAbsent(partition, p -> new ArrayList<>());
      batch.add(new Heartbeat(id, null, "web", true));
      if (batch.size() == 1_000) {
        node.append(id, PresenceEventCodec.write(new Heartbeats(batch)));
        batches.remove(partition);
      }
    }
    batches
        .values()
        .forEach(
            batch ->
                node.append(
                    batch.get(0).userId(), PresenceEventCodec.write(new Heartbeats(batch))));
    node.producer.flush();
  }

  private static void awaitCount(SingleNode node, List<String> ids, String status)
      throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    for (int from = 0; from < ids.size(); from += 1_000) {
      List<String> some = ids.subList(from, Math.min(ids.size(), from + 1_000));
      while (true) {
        JsonNode shown = node.lookUp(some);
        if (some.stream().allMatch(id -> shown.path(id).path("status").asText().equals(status))) {
          break;
        }
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.sleep(20);
      }
    }
  }
}
