package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.presence.gateway.lookup.MemberLists;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.Visibility;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * One channel, its members, and those who follow it, with everything that takes time in the hands
 * of the test: when changes are read, when lists are made and answered, when writes end, when
 * timers fire.
 */
final class ChannelWorld implements Queries {
  /** A list that was asked for, and its answer once it was made. */
  final class Pending {
    private final CompletableFuture<Question.Reply> answer = new CompletableFuture<>();
    private final Question.Members question;
    private Question.@Nullable Reply reply;

    Pending(Question.Members question) {
      this.question = question;
    }

    /** Looks now. */
    void make() {
      reply = reply(question, members, version, false);
    }

    void makeNotHere() {
      reply = Question.Reply.NOT_HERE;
    }

    void deliver() {
      lists.remove(this);
      if (reply == null) {
        make();
      }
      answer.complete(java.util.Objects.requireNonNull(reply));
    }
  }

  /** One who follows, and what there is in its picture. */
  final class Follower implements ChannelMember {
    final List<JsonNode> frames = new ArrayList<>();
    final TreeMap<String, String> picture = new TreeMap<>();
    final Map<String, Integer> cursors = new HashMap<>();
    final List<String> lost = new ArrayList<>();
    final Subscriber subscriber;
    private final String userId;
    private final Deque<Runnable> writes = new ArrayDeque<>();
    int count = -1;
    boolean slow;

    Follower(String userId) {
      this.userId = userId;
      this.subscriber = fanout.subscriber(userId, this::write);
    }

    void follow() {
      subscriber.follow(channels, channelId, this);
    }

    boolean endWrite() {
      Runnable written = writes.poll();
      if (written != null) {
        written.run();
      }
      return written != null;
    }

    /** The types of what came since this was asked last, with events and users. */
    List<String> heard() {
      List<String> heard =
          frames.stream()
              .map(
                  frame ->
                      switch (frame.path("type").asText()) {
                        case "channel_update" ->
                            frame.path("event").asText()
                                + " "
                                + frame.at("/member/user_id").asText()
                                + " "
                                + frame.path("count");
                        case "cursor" ->
                            "cursor " + frame.path("user_id").asText() + " " + frame.path("cursor");
                        default -> frame.path("type").asText();
                      })
              .toList();
      frames.clear();
      return heard;
    }

    @Override
    public String userId() {
      return userId;
    }

    @Override
    public String sessionId() {
      return "session-" + userId;
    }

    @Override
    public void lost(String channel) {
      lost.add(channel);
    }

    private boolean write(Batch batch, Runnable written) {
      for (Message message : batch.messages()) {
        try {
          take(Json.MAPPER.readTree(message.json()));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      if (slow) {
        writes.add(written);
      }
      return !slow;
    }

    private void take(JsonNode frame) {
      frames.add(frame);
      switch (frame.path("type").asText()) {
        case "initial_channel" -> {
          if (frame.path("first").asBoolean()) {
            picture.clear();
            cursors.clear();
          }
          frame
              .path("members")
              .forEach(m -> picture.put(m.path("user_id").asText(), m.path("metadata").toString()));
          count = frame.path("count").asInt();
        }
        case "channel_update" -> {
          JsonNode member = frame.path("member");
          String user = member.path("user_id").asText();
          if (frame.path("event").asText().equals("left")) {
            picture.remove(user);
            cursors.remove(user);
          } else {
            picture.put(user, member.path("metadata").toString());
          }
          count = frame.path("count").asInt();
        }
        case "cursor" -> cursors.put(frame.path("user_id").asText(), frame.path("cursor").asInt());
        default -> {}
      }
    }
  }

  final TreeMap<String, String> members = new TreeMap<>();
  private final Map<String, Long> joinedAt = new HashMap<>();
  final Map<String, Visibility> visibilities = new HashMap<>();
  final List<Pending> lists = new ArrayList<>();
  final List<Runnable> timers = new ArrayList<>();
  final Deque<String> unread = new ArrayDeque<>();
  final String channelId;
  long version = 1_000;
  long now;
  private long offset;
  private final int page;

  final Fanout fanout;
  final ChannelFanout channels;

  /**
   * @param page how many members the owner answers at a time
   */
  ChannelWorld(String channelId, int gatherAbove, int page) {
    this.channelId = channelId;
    this.page = page;
    fanout =
        new Fanout(
            1,
            this,
            Duration.ofMinutes(1),
            Runnable::run,
            (delay, task) -> timers.add(task),
            new SimpleMeterRegistry());
    channels =
        new ChannelFanout(
            1,
            fanout,
            new MemberLists(this, Duration.ofMinutes(1)),
            new ChannelFanout.Gathering(gatherAbove, Duration.ofMillis(100)),
            () -> now,
            new SimpleMeterRegistry());
  }

  /** When a member joined, in milliseconds. */
  long joinedAt(String userId) {
    return joinedAt.getOrDefault(userId, 0L);
  }

  void join(String userId) {
    version++;
    members.put(userId, "{\"v\":" + version + "}");
    joinedAt.put(userId, version * 1_000);
    change("joined", userId, "");
  }

  void update(String userId) {
    version++;
    members.put(userId, "{\"v\":" + version + "}");
    change("updated", userId, "");
  }

  void leave(String userId, String reason) {
    version++;
    String metadata = members.get(userId);
    members.remove(userId);
    change("left", userId, ",\"reason\":\"" + reason + "\"", metadata);
  }

  /** Has the next change read. */
  boolean read() {
    String next = unread.poll();
    if (next != null) {
      channels.changes().take(records("changes", next, "", 0));
    }
    return next != null;
  }

  void readAll() {
    while (read()) {
      // on to the next
    }
  }

  void cursor(String userId, int cursor, long at) {
    channels
        .cursors()
        .take(
            records(
                "cursors",
                "{\"channel_id\":\"%s\",\"user_id\":\"%s\",\"cursor\":%d}"
                    .formatted(channelId, userId, cursor),
                "session-" + userId,
                at));
  }

  void resync() {
    channels.resync(Set.of(0));
  }

  void gap() {
    channels.changes().gap();
  }

  void answerAll() {
    while (!lists.isEmpty()) {
      lists.getFirst().deliver();
    }
  }

  void fireTimers() {
    now += Duration.ofSeconds(1).toNanos();
    List<Runnable> due = List.copyOf(timers);
    timers.clear();
    due.forEach(Runnable::run);
  }

  /** Everything that is under way ends. */
  void settle(List<Follower> followers) {
    boolean more = true;
    while (more) {
      more = !unread.isEmpty() || !lists.isEmpty() || !timers.isEmpty();
      readAll();
      answerAll();
      fireTimers();
      for (Follower follower : followers) {
        more |= follower.endWrite();
      }
    }
  }

  /** The picture of one who follows is that of the store. */
  void check(Follower follower) {
    assertThat(follower.picture).as("picture of %s", follower.userId()).isEqualTo(members);
    assertThat(follower.count).as("count of %s", follower.userId()).isEqualTo(members.size());
  }

  @Override
  public CompletionStage<Lookup.Answer> lookup(Lookup.Request request) {
    return CompletableFuture.completedStage(
        new Lookup.Answer(
            request.userIds().stream()
                .map(
                    id ->
                        new Lookup.Entry(
                            Lookup.Outcome.NOT_SHOWN,
                            null,
                            1,
                            visibilities.getOrDefault(id, Visibility.EVERYONE),
                            "friend".equals(request.requester()),
                            false))
                .toList()));
  }

  @Override
  public CompletionStage<Question.Reply> ask(Question question) {
    Pending pending = new Pending((Question.Members) question);
    lists.add(pending);
    return pending.answer;
  }

  @Override
  public CompletionStage<Ownership> ownership() {
    throw new UnsupportedOperationException();
  }

  private Question.Reply reply(
      Question.Members question, NavigableMap<String, String> all, long at, boolean stale) {
    var rest = question.after() == null ? all : all.tailMap(question.after(), false);
    StringBuilder json = new StringBuilder("{\"members\":[");
    String last = "";
    int added = 0;
    for (Map.Entry<String, String> member : rest.entrySet()) {
      if (added == page) {
        break;
      }
      json.append(added++ > 0 ? "," : "")
          .append(
              "{\"user_id\":\"%s\",\"joined_at\":%d,\"last_seen\":9.000,\"metadata\":%s}"
                  .formatted(
                      member.getKey(),
                      joinedAt.getOrDefault(member.getKey(), 0L) / 1_000,
                      member.getValue()));
      last = member.getKey();
    }
    json.append("],\"count\":%d,\"version\":%d".formatted(all.size(), at));
    if (added < rest.size()) {
      json.append(",\"next\":\"").append(last).append('"');
    }
    return Question.Reply.answered(json.append('}').toString().getBytes(UTF_8), stale);
  }

  private void change(String event, String userId, String more) {
    change(event, userId, more, members.get(userId));
  }

  private void change(String event, String userId, String more, @Nullable String metadata) {
    unread.add(
        ("{\"channel_id\":\"%s\",\"event\":\"%s\",\"at\":9.000,\"member\":{\"user_id\":\"%s\","
                + "\"joined_at\":%d,\"last_seen\":9.000,\"metadata\":%s}%s,\"count\":%d,\"version\":%d}")
            .formatted(
                channelId,
                event,
                userId,
                joinedAt.getOrDefault(userId, 0L) / 1_000,
                metadata,
                more,
                members.size(),
                version));
  }

  private ConsumerRecords<byte[], byte[]> records(
      String topic, String json, String session, long at) {
    RecordHeaders headers = new RecordHeaders();
    headers.add("session_id", session.getBytes(UTF_8));
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(
            topic,
            0,
            offset++,
            at,
            TimestampType.CREATE_TIME,
            0,
            0,
            channelId.getBytes(UTF_8),
            json.getBytes(UTF_8),
            headers,
            Optional.empty());
    return new ConsumerRecords<>(Map.of(new TopicPartition(topic, 0), List.of(record)), Map.of());
  }
}
