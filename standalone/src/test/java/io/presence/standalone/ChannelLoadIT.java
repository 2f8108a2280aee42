package io.presence.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.event.ChannelEvent.Joined;
import io.presence.schemas.event.ChannelEvent.Left;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.event.ChannelEventCodec;
import io.presence.schemas.json.Json;
import io.presence.schemas.json.Patch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Big rooms, and busy documents. */
class ChannelLoadIT {
  private static final Logger log = LoggerFactory.getLogger(ChannelLoadIT.class);
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir static Path data;
  private static Deployment deployment;

  @BeforeAll
  static void start() throws Exception {
    deployment = Deployment.start(data, Map.of("PRESENCE_CHANNEL_TTL", "10m"));
  }

  @AfterAll
  static void stop() {
    deployment.close();
  }

  @Test
  void shouldShowBigRoomAsItIsToAllWhoWatch() {
    int members = 10_000;
    int watchers = 200;
    int seconds = 12;
    int perSecond = 100;
    long begun = System.nanoTime();
    BitSet here = new BitSet();
    try (Room room = new Room("hall")) {
      for (int i = 0; i < members; i++) {
        here.set(i);
        room.join(i);
      }
      room.flush();
      awaitCount("hall", members);
      log.info("{} members after {} ms", members, millisSince(begun));
      List<Watcher> all =
          IntStream.range(0, watchers).mapToObj(i -> new Watcher(deployment.port(), i)).toList();
      all.forEach(watcher -> watcher.say("{'type':'watch_channel','channel_id':'hall'}"));

      Random random = new Random(7);
      long heap = 0;
      double queued = 0;
      long start = System.nanoTime();
      for (int i = 0; i < seconds * perSecond; i++) {
        int member = random.nextInt(members + 1_000);
        if (here.get(member)) {
          room.leave(member);
        } else {
          room.join(member);
        }
        here.flip(member);
        if (i == seconds * perSecond / 3) {
          heap = heapInUse();
        }
        if (i % perSecond == 0) {
          queued = Math.max(queued, metric("presence_live_queued"));
        }
        LockSupport.parkNanos(start + i * 1_000_000_000L / perSecond - System.nanoTime());
      }
      room.flush();
      awaitCount("hall", here.cardinality());
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> {
                for (Watcher watcher : all) {
                  assertThat(watcher.count()).isEqualTo(here.cardinality());
                  assertThat(watcher.picture()).isEqualTo(here);
                }
              });
      assertThat(stored("hall")).isEqualTo(here);
      long grown = heapInUse() - heap;
      log.info(
          "{} joins and leaves seen by {}: heap grew by {} KiB, {} messages waited at most",
          seconds * perSecond,
          watchers,
          grown / 1024,
          queued);
      assertThat(grown).isLessThan(64L * 1024 * 1024);
      assertThat(metric("presence_live_queued")).isZero();
      // A list is told once, and again only where there was a gap.
      assertThat(all).allMatch(watcher -> watcher.lists() == 1);
      all.forEach(Watcher::close);
      awaitNobodyFollows();
    }
    log.info("in all {} ms", millisSince(begun));
  }

  @Test
  void shouldShowNewestCursorsToAllInBusyDocument() {
    int people = 50;
    int seconds = 8;
    int perSecond = 30;
    List<Watcher> all =
        IntStream.range(0, people).mapToObj(i -> new Watcher(deployment.port(), i)).toList();
    all.forEach(each -> each.say("{'type':'start_editing','doc_id':'busy'}"));
    awaitCount("doc:busy", people);
    await().until(() -> all.stream().allMatch(each -> each.count() == people));

    double queued = 0;
    long start = System.nanoTime();
    for (int i = 1; i <= seconds * perSecond; i++) {
      for (Watcher each : all) {
        each.say("{'type':'update_cursor','doc_id':'busy','cursor':" + i + "}");
      }
      if (i % perSecond == 0) {
        queued = Math.max(queued, metric("presence_live_queued"));
      }
      LockSupport.parkNanos(start + i * 1_000_000_000L / perSecond - System.nanoTime());
    }
    log.info("moved for {} ms", millisSince(start));
    int last = seconds * perSecond;
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> {
              for (Watcher each : all) {
                assertThat(each.cursors()).hasSize(people - 1);
                assertThat(each.cursors().values()).containsOnly(last);
              }
            });
    long most = all.stream().mapToLong(Watcher::cursorFrames).max().orElse(0);
    log.info("{} cursors told to one at most, {} waited at most", most, queued);
    for (Watcher each : all) {
      assertThat(each.wentBack()).isFalse();
    }
    // Of each other one, not more than one each 40 ms.
    long elapsed = millisSince(start);
    assertThat(most).isLessThanOrEqualTo((people - 1) * (elapsed / 40 + 1));
    assertThat(queued).isLessThan(people * people);
    assertThat(metric("presence_live_queued")).isZero();
    all.forEach(Watcher::close);
    awaitNobodyFollows();
    // They said no goodbye: they are out after the grace, long before their windows close.
    awaitCount("doc:busy", 0);
  }

  /** What a gateway keeps of a channel goes with the last who follows it. */
  private static void awaitNobodyFollows() {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(metric("presence_live_channels")).isZero());
  }

  private static void awaitCount(String channelId, int count) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(deployment.client().get("/v1/channels/" + channelId + "/count").text())
                    .isEqualTo("{\"count\":" + count + "}"));
  }

  /** The members as the store has them. */
  private static BitSet stored(String channelId) {
    BitSet stored = new BitSet();
    String after = "";
    while (after != null) {
      JsonNode page =
          deployment
              .client()
              .get("/v1/channels/" + channelId + "/members?limit=1000" + after)
              .is(200)
              .json();
      page.path("members").forEach(m -> stored.set(number(m.path("user_id").asText())));
      after = page.has("next") ? "&after=" + page.path("next").asText() : null;
    }
    return stored;
  }

  private static int number(String userId) {
    return Integer.parseInt(userId.substring(1));
  }

  private static long heapInUse() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static double metric(String name) {
    return deployment
        .client()
        .get("/metrics")
        .text()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  private static long millisSince(long start) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
  }

  /** Writes what happens in a channel, as any producer may. */
  private static final class Room implements AutoCloseable {
    private final String channelId;
    private final KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", deployment.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer());

    Room(String channelId) {
      this.channelId = channelId;
    }

    void join(int member) {
      write(new Joined(channelId, "m" + member, "s", Patch.keep(), null));
    }

    void leave(int member) {
      write(new Left(channelId, "m" + member, "s"));
    }

    void flush() {
      producer.flush();
    }

    private void write(OfMember event) {
      var unused =
          producer.send(
              new ProducerRecord<>(
                  Deployment.TOPICS.channelEvents().name(),
                  channelId.getBytes(UTF_8),
                  ChannelEventCodec.write(event)));
    }

    @Override
    public void close() {
      producer.close();
    }
  }

  /** A client that keeps no more than its picture; members are called by letter and number. */
  private static final class Watcher implements WebSocket.Listener, AutoCloseable {
    private final StringBuilder partial = new StringBuilder();
    private final BitSet picture = new BitSet();
    private final Map<String, Integer> cursors = new HashMap<>();
    private final WebSocket socket;
    private int count = -1;
    private int lists;
    private long cursorFrames;
    private boolean wentBack;

    Watcher(int port, int number) {
      socket =
          HTTP.newWebSocketBuilder()
              .buildAsync(
                  URI.create("ws://127.0.0.1:" + port + "/presence?user_id=w" + number), this)
              .join();
    }

    void say(String message) {
      socket.sendText(message.replace('\'', '"'), true).join();
    }

    synchronized BitSet picture() {
      return (BitSet) picture.clone();
    }

    synchronized int count() {
      return count;
    }

    /** How many whole lists were begun. */
    synchronized int lists() {
      return lists;
    }

    synchronized Map<String, Integer> cursors() {
      return Map.copyOf(cursors);
    }

    synchronized long cursorFrames() {
      return cursorFrames;
    }

    /** Whether an older cursor came after a newer one. */
    synchronized boolean wentBack() {
      return wentBack;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
      partial.append(text);
      if (last) {
        take(partial.toString());
        partial.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public void close() {
      socket.abort();
    }

    private synchronized void take(String json) {
      List<Integer> users = new ArrayList<>();
      String type = "";
      String event = "";
      String user = "";
      int cursor = 0;
      boolean first = false;
      try (JsonParser in = Json.MAPPER.createParser(json)) {
        for (JsonToken token = in.nextToken(); token != null; token = in.nextToken()) {
          if (token != JsonToken.FIELD_NAME) {
            continue;
          }
          String field = in.currentName();
          in.nextToken();
          switch (field) {
            case "type" -> type = in.getText();
            case "event" -> event = in.getText();
            case "user_id" -> {
              user = in.getText();
              users.add(number(user));
            }
            case "count" -> count = in.getIntValue();
            case "cursor" -> cursor = in.getIntValue();
            case "first" -> first = true;
            default -> {}
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      switch (type) {
        case "initial_channel" -> {
          if (first) {
            picture.clear();
            lists++;
          }
          users.forEach(picture::set);
        }
        case "channel_update" -> picture.set(users.getFirst(), !event.equals("left"));
        case "cursor" -> {
          Integer before = cursors.put(user, cursor);
          wentBack |= before != null && before > cursor;
          cursorFrames++;
        }
        default -> {}
      }
    }
  }
}
