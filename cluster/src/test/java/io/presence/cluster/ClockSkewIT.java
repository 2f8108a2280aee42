package io.presence.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The broker's clock, which stamps the log, is an hour off those of the streams-app and the
 * gateway, and then jumps by two: all that may change is the times that are shown, and when claims
 * expire.
 */
class ClockSkewIT {
  private static final Duration TTL = Duration.ofSeconds(3);
  private static final List<String> STEADY =
      IntStream.range(0, 40).mapToObj(i -> "steady-" + i).toList();

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(ints = {60, -60})
  void shouldBeOnlineAndGoOfflineByNoClockButTheLog(int minutes) throws Exception {
    ShiftedClock clock = new ShiftedClock(Duration.ofMinutes(minutes));
    ScheduledExecutorService beating = Executors.newSingleThreadScheduledExecutor();
    try (SingleNode node =
        new SingleNode(directory, clock, Map.of("PRESENCE_HEARTBEAT_TTL", TTL.toSeconds() + "s"))
            .start()) {
      Future<?> unused =
          beating.scheduleAtFixedRate(
              () -> STEADY.forEach(id -> node.append(new Heartbeat(id, null, "web", true))),
              0,
              500,
              TimeUnit.MILLISECONDS);
      await(node, "steady-0", "online");
      JsonNode shown = node.lookUp(List.of("steady-0")).path("steady-0");
      double ahead = shown.path("last_seen").asDouble() - System.currentTimeMillis() / 1e3;
      assertThat(ahead)
          .as("what is shown is the log's time")
          .isBetween(minutes * 60 - 20.0, minutes * 60 + 20.0);

      assertGoesOfflineInTime(node, "leaves-before");

      // A claim's own time is the log's, too.
      claim(node, "steady-1", Duration.ofMinutes(20));
      claim(node, "steady-2", Duration.ofHours(3));
      await(node, "steady-1", "busy");
      await(node, "steady-2", "busy");

      clock.set(Duration.ofMinutes(-minutes));
      Thread.sleep(TTL.plusSeconds(2));
      assertThat(node.status("steady-0")).isEqualTo("online");
      assertThat(node.status("steady-2")).isEqualTo("busy");
      // Two hours ahead it has expired; two hours back it has not.
      await(node, "steady-1", minutes > 0 ? "busy" : "online");
      assertGoesOfflineInTime(node, "leaves-after");

      List<String> offline = new ArrayList<>();
      for (ConsumerRecord<byte[], byte[]> change : node.read(SingleNode.TOPICS.changes().name())) {
        JsonNode json = Json.MAPPER.readTree(change.value());
        if (json.path("to").asText().equals("offline")
            && new String(change.key(), StandardCharsets.UTF_8).startsWith("steady")) {
          offline.add(json.toString());
        }
      }
      assertThat(offline).as("who sends heartbeats is never offline").isEmpty();
    } finally {
      beating.shutdownNow();
    }
  }

  private static void claim(SingleNode node, String id, Duration expiresIn)
      throws InterruptedException {
    assertThat(
            node.call(
                "PUT",
                "/v1/users/" + id + "/status",
                "{\"status\":\"busy\",\"expires_in\":" + expiresIn.toSeconds() + "}"))
        .isEqualTo(202);
  }

  /** One who sends no second heartbeat is gone after the window, not before and not much later. */
  private static void assertGoesOfflineInTime(SingleNode node, String id)
      throws InterruptedException {
    node.append(new Heartbeat(id, null, "web", true));
    await(node, id, "online");
    long begun = System.nanoTime();
    await(node, id, "offline");
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    assertThat(took).isBetween(TTL.minusSeconds(1), TTL.plusSeconds(8));
  }

  private static void await(SingleNode node, String id, String status) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    String found = node.status(id);
    while (!found.equals(status)) {
      assertThat(System.nanoTime()).as("%s is %s, not %s", id, found, status).isLessThan(deadline);
      Thread.sleep(50);
      found = node.status(id);
    }
  }
}
