package io.presence.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.json.Patch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is erased is in no store, and, once they are compacted, in no changelog and no state. */
class ErasureIT {
  private static final String ERASED = "erased-person";
  private static final List<String> OTHERS =
      IntStream.range(0, 100).mapToObj(i -> "other-" + i).toList();

  @TempDir Path directory;

  @Test
  void shouldLeaveNothingInStoresChangelogsAndState() throws Exception {
    try (SingleNode node =
        new SingleNode(
                directory,
                Time.SYSTEM,
                Map.of("PRESENCE_HEARTBEAT_TTL", "30s"),
                Map.of("log.cleaner.backoff.ms", "500"))
            .start()) {
      // Everything that can be stored of anyone: sessions open and closed, a claim, a text, who may
      // see it, contacts, a goodbye.
      write(node, "POST", "/online", "{\"device\":\"web\",\"custom_status\":\"a text of mine\"}");
      write(node, "POST", "/online", "{\"device\":\"ios\"}");
      write(node, "POST", "/offline", "{\"device\":\"ios\"}");
      write(node, "PUT", "/status", "{\"status\":\"busy\",\"expires_in\":3600}");
      write(node, "PUT", "/visibility", "{\"visibility\":\"contacts\"}");
      write(node, "PUT", "/contacts/other-1", "");
      write(node, "PUT", "/contacts/other-2", "");
      await(
          () -> !node.json("GET", path("/contacts"), "").path("contacts").path(1).isMissingNode());
      await(() -> !node.json("GET", path("/sessions"), "").path("sessions").isEmpty());
      assertThat(topicsThatName(node)).hasSize(3);

      write(node, "DELETE", "", "");
      // The user is the last of it that goes.
      await(() -> !node.json("GET", path("/explain"), "").path("known").asBoolean());
      assertThat(node.json("GET", path("/sessions"), "").path("sessions")).isEmpty();
      assertThat(node.json("GET", path("/contacts"), "").path("contacts")).isEmpty();
      assertThat(node.json("GET", path("/status"), "").path("claim").isNull()).isTrue();
      assertThat(node.status(ERASED)).isEqualTo("unknown");

      compactAtOnce(node);
      // What is written last is not compacted; so others write on.
      await(
          () -> {
            // One who has left comes back by connecting, not by a heartbeat.
            for (String id : OTHERS) {
              node.append(new Connected(id, null, "web", Patch.keep()));
              node.append(new Disconnected(id, null, "web", null, false));
            }
            Thread.sleep(600);
            return topicsThatName(node).isEmpty();
          });
    }
  }

  /** The topics that are kept for ever and have the erased one's id or text in a key or value. */
  private static Set<String> topicsThatName(SingleNode node) {
    Set<String> found = new TreeSet<>();
    for (String topic : keptForEver()) {
      for (ConsumerRecord<byte[], byte[]> record : node.read(topic)) {
        if (names(record.key()) || names(record.value())) {
          found.add(topic);
        }
      }
    }
    return found;
  }

  private static boolean names(byte[] bytes) {
    if (bytes == null) {
      return false;
    }
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    return text.contains(ERASED) || text.contains("a text of mine");
  }

  private static List<String> keptForEver() {
    return List.of(
        SingleNode.TOPICS.state().name(),
        "presence-presence-changelog",
        "presence-session-history-changelog");
  }

  private static void compactAtOnce(SingleNode node) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", node.kafka.bootstrapServers()))) {
      Map<ConfigResource, java.util.Collection<AlterConfigOp>> changes = new HashMap<>();
      for (String topic : keptForEver()) {
        List<AlterConfigOp> ops = new ArrayList<>();
        Map.of(
                TopicConfig.SEGMENT_MS_CONFIG, "500",
                TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG, "0.0",
                TopicConfig.DELETE_RETENTION_MS_CONFIG, "0",
                TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG, "1000")
            .forEach(
                (name, value) ->
                    ops.add(new AlterConfigOp(new ConfigEntry(name, value), OpType.SET)));
        changes.put(new ConfigResource(ConfigResource.Type.TOPIC, topic), ops);
      }
      admin.incrementalAlterConfigs(changes).all().get();
    }
  }

  private static void write(SingleNode node, String method, String path, String body)
      throws InterruptedException {
    assertThat(node.call(method, path(path), body)).as("%s %s", method, path).isEqualTo(202);
  }

  private static String path(String rest) {
    return "/v1/users/" + ERASED + rest;
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(200);
    }
  }
}
