package io.presence.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.utils.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What an earlier build has stored is read by this one. The changelogs of its stores are checked in
 * ({@code stored-state.jsonl}: topic, partition, timestamp, key and value of each record), as a
 * build of format 2 wrote them. They are the whole of a data directory that counts: stores are
 * filled from them.
 *
 * <p>With {@code -Dcluster.record=FILE} the same people are written anew by this build instead; a
 * new format gets a file and a test of its own, and this one stays.
 */
class StoredStateIT {
  private static final List<String> CHANGELOGS =
      List.of(
          "presence-presence-changelog",
          "presence-session-history-changelog",
          "presence-channels-changelog");

  @TempDir Path directory;

  @Test
  void shouldReadWhatAnEarlierBuildHasStored() throws Exception {
    String file = System.getProperty("cluster.record");
    if (file != null) {
      writeAnew(Path.of(file));
      return;
    }
    try (SingleNode node = node()) {
      fill(node);
      node.start();

      JsonNode shown = node.lookUp(List.of("ada", "bob", "eve", "ivy", "una", "gone", "nobody"));
      assertThat(shown.path("ada").path("status").asText()).isEqualTo("busy");
      assertThat(shown.path("ada").path("activity").asText()).isEqualTo("in_call");
      assertThat(shown.path("ada").path("custom_status").asText()).isEqualTo("ship it ☂");
      assertThat(shown.path("ada").path("devices").toString())
          .isEqualTo("{\"ios\":\"busy\",\"web\":\"busy\"}");
      assertThat(shown.path("ada").path("since").asDouble()).isPositive();
      assertThat(shown.path("bob").path("status").asText()).isEqualTo("offline");
      assertThat(shown.path("bob").path("last_seen").asDouble()).isPositive();
      assertThat(shown.path("ivy").path("status").asText()).isEqualTo("offline");
      assertThat(shown.path("una").path("status").asText()).isEqualTo("away");
      // Shown to contacts only, to nobody who does not know her, and erased.
      assertThat(shown.has("eve")).isFalse();
      assertThat(shown.has("gone")).isFalse();
      assertThat(shown.has("nobody")).isFalse();
      assertThat(statusOfEveToBob(node)).isEqualTo("online");
      assertThat(node.json("GET", "/v1/users/eve/contacts", "").path("contacts").toString())
          .isEqualTo("[\"ada\",\"bob\"]");
      JsonNode claim = node.json("GET", "/v1/users/ivy/status", "").path("claim");
      assertThat(claim.path("status").asText()).isEqualTo("invisible");
      JsonNode sessions = node.json("GET", "/v1/users/bob/sessions", "").path("sessions");
      assertThat(sessions).hasSize(1);
      assertThat(sessions.path(0).path("device").asText()).isEqualTo("tablet");
      JsonNode members = node.json("GET", "/v1/channels/room/members", "").path("members");
      assertThat(members).hasSize(1);
      assertThat(members.path(0).path("user_id").asText()).isEqualTo("ada");
      assertThat(members.path(0).path("metadata").path("role").asText()).isEqualTo("host");

      // And it goes on from there: versions rise.
      long before = shown.path("ada").path("version").asLong();
      assertThat(node.call("DELETE", "/v1/users/ada/status", "")).isEqualTo(202);
      await(() -> node.status("ada").equals("online"));
      assertThat(node.lookUp(List.of("ada")).path("ada").path("version").asLong())
          .isGreaterThan(before);
    }
  }

  @Test
  void shouldNotTakeBackWhatIsKnownWhenOneThatWasReplacedWritesLast() throws Exception {
    try (SingleNode node = node()) {
      fill(node);
      // Eve as she was when all might see her, and the room when nobody was seen in it.
      writeOlder(node, "presence-presence-changelog", "eve", flags -> flags & ~0x30);
      writeOlder(node, "presence-channels-changelog", "ada", flags -> 0);
      // Those who became contacts of hers before she was as she is, and as she is.
      writeContact(node, "fay", -1);
      writeContact(node, "gil", 0);
      node.start();

      assertThat(node.lookUp(List.of("eve")).has("eve")).isFalse();
      assertThat(statusOfEveToBob(node)).isEqualTo("online");
      assertThat(node.json("GET", "/v1/users/eve/contacts", "").path("contacts").toString())
          .isEqualTo("[\"ada\",\"bob\",\"gil\"]");
      assertThat(node.json("GET", "/v1/channels/room/members", "").path("members")).hasSize(1);
    }
  }

  /**
   * Appends the entry of a user once more, with a version that is one lower, as with at-least-once
   * one does that was stopped while it was on its way.
   *
   * @param flags what to do to the flags; they and the version are where {@code UserCodec} and
   *     {@code MemberCodec} put them
   */
  private static void writeOlder(
      SingleNode node, String changelog, String userId, IntUnaryOperator flags) throws Exception {
    ConsumerRecord<byte[], byte[]> entry = entryOf(node, changelog, userId);
    byte[] older = entry.value().clone();
    older[1] = (byte) flags.applyAsInt(older[1]);
    ByteBuffer.wrap(older).putLong(2, ByteBuffer.wrap(older).getLong(2) - 1);
    assertThat(older[1]).isNotEqualTo(entry.value()[1]);
    node.producer
        .send(new ProducerRecord<>(changelog, entry.partition(), entry.key(), older))
        .get();
  }

  /** Appends that someone is a contact of Eve's since she had a version. */
  private static void writeContact(SingleNode node, String contact, long versionsLater)
      throws Exception {
    ConsumerRecord<byte[], byte[]> eve = entryOf(node, "presence-presence-changelog", "eve");
    long version = ByteBuffer.wrap(eve.value()).getLong(2) + versionsLater;
    node.producer
        .send(
            new ProducerRecord<>(
                eve.topic(),
                eve.partition(),
                ("ceve\0" + contact).getBytes(StandardCharsets.UTF_8),
                ByteBuffer.allocate(9).put((byte) 1).putLong(version).array()))
        .get();
  }

  /** The first entry of a user or a member: what they are, not whom they know. */
  private static ConsumerRecord<byte[], byte[]> entryOf(
      SingleNode node, String changelog, String userId) {
    return node.read(changelog).stream()
        .filter(
            each ->
                each.value() != null
                    && each.value().length > 20
                    && new String(each.key(), StandardCharsets.UTF_8).endsWith(userId))
        .findFirst()
        .orElseThrow();
  }

  /** What a contact of hers is shown. */
  private static String statusOfEveToBob(SingleNode node) throws InterruptedException {
    return node.json(
            "POST", "/v1/presence/query", "{\"user_ids\":[\"eve\"],\"requester_id\":\"bob\"}")
        .path("presences")
        .path("eve")
        .path("status")
        .asText();
  }

  private SingleNode node() {
    return new SingleNode(
        directory,
        Time.SYSTEM,
        Map.of(
            "PRESENCE_HEARTBEAT_TTL", "1h",
            "PRESENCE_CHANNEL_TTL", "1h",
            "PRESENCE_AWAY_AFTER", "2h",
            // By the machine's clock, which runs on after this was recorded.
            "PRESENCE_SESSION_HISTORY", "3650d"));
  }

  private static void fill(SingleNode node) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", node.kafka.bootstrapServers()))) {
      List<NewTopic> topics = new ArrayList<>();
      for (String changelog : CHANGELOGS) {
        topics.add(
            new NewTopic(changelog, Optional.of(Cluster.PARTITIONS), Optional.empty())
                .configs(Map.of("cleanup.policy", "compact")));
      }
      admin.createTopics(topics).all().get();
    }
    try (InputStream in =
        Objects.requireNonNull(StoredStateIT.class.getResourceAsStream("/stored-state.jsonl"))) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        JsonNode record = Json.MAPPER.readTree(line);
        // One by one: the topics were created just now, and may have no leaders yet.
        node.producer
            .send(
                new ProducerRecord<>(
                    record.path("topic").asText(),
                    record.path("partition").asInt(),
                    record.path("timestamp").asLong(),
                    record.path("key").binaryValue(),
                    record.path("value").binaryValue()))
            .get();
      }
    }
  }

  private void writeAnew(Path file) throws Exception {
    try (SingleNode node = node().start()) {
      write(node, "POST", "users/ada/online", "{'device':'web','custom_status':'ship it ☂'}");
      write(node, "POST", "users/ada/online", "{'device':'ios','custom_status':'ship it ☂'}");
      write(node, "PUT", "users/ada/status", "{'status':'busy','activity':'in_call'}");
      write(node, "POST", "users/bob/online", "{'device':'tablet'}");
      write(node, "POST", "users/bob/offline", "{'device':'tablet'}");
      write(node, "POST", "users/eve/online", "{'device':'web'}");
      write(node, "PUT", "users/eve/visibility", "{'visibility':'contacts'}");
      write(node, "PUT", "users/eve/contacts/ada", "");
      write(node, "PUT", "users/eve/contacts/bob", "");
      write(node, "POST", "users/ivy/online", "{'device':'web'}");
      write(node, "PUT", "users/ivy/status", "{'status':'invisible'}");
      write(node, "POST", "users/una/heartbeat", "{'device':'web','active':false}");
      write(node, "POST", "users/gone/online", "{'device':'web'}");
      write(node, "DELETE", "users/gone", "");
      write(node, "PUT", "channels/room/members/ada", "{'metadata':{'role':'host'}}");
      await(() -> node.status("una").equals("away") && node.status("gone").equals("unknown"));
      Thread.sleep(3_000);
      Map<String, String> newest = new LinkedHashMap<>();
      for (String changelog : CHANGELOGS) {
        for (ConsumerRecord<byte[], byte[]> entry : node.read(changelog)) {
          String key = Base64.getEncoder().encodeToString(entry.key());
          String place = changelog + " " + entry.partition() + " " + key;
          newest.remove(place);
          if (entry.value() != null) {
            newest.put(place, line(entry));
          }
        }
      }
      Files.writeString(file, String.join("\n", newest.values()) + "\n");
    }
  }

  private static String line(ConsumerRecord<byte[], byte[]> entry) throws IOException {
    ObjectNode line = Json.MAPPER.createObjectNode();
    line.put("topic", entry.topic());
    line.put("partition", entry.partition());
    line.put("timestamp", entry.timestamp());
    line.put("key", entry.key());
    line.put("value", entry.value());
    return Json.MAPPER.writeValueAsString(line);
  }

  private static void write(SingleNode node, String method, String path, String body)
      throws InterruptedException {
    assertThat(node.call(method, "/v1/" + path, body.replace('\'', '"'))).as(path).isEqualTo(202);
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(50);
    }
  }
}
