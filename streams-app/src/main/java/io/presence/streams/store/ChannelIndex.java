package io.presence.streams.store;

import io.presence.schemas.json.Json;
import io.presence.schemas.query.Question;
import io.presence.streams.core.ChannelCore;
import io.presence.streams.core.MemberState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.jspecify.annotations.Nullable;

/**
 * The channels of one partition, each with its members in the order of their ids, and how many of
 * them others see.
 *
 * <p>One thread writes; any number read, without locks. A version is written after the change that
 * it is of, and read before: so what a reader gets has all changes up to its version, and maybe
 * later ones, which then come again.
 */
final class ChannelIndex extends PartitionIndex {
  private static final class Room {
    /** What is held of each member: its stored bytes, or a {@link LiveMember}. */
    final ConcurrentNavigableMap<String, Object> members = new ConcurrentSkipListMap<>();

    volatile int count;
    volatile long version;

    Room(long version) {
      this.version = version;
    }
  }

  private final Map<String, Room> rooms = new ConcurrentHashMap<>();

  ChannelIndex(String name, long ttl) {
    super(name, ttl);
  }

  // What the processor uses

  @Nullable LiveMember live(String channelId, String userId) {
    return held(channelId, userId) instanceof LiveMember live ? live : null;
  }

  @Nullable MemberState find(String channelId, String userId) {
    Object held = held(channelId, userId);
    return held == null
        ? null
        : MemberCodec.decode(
            channelId, userId, storedOf(held), held instanceof LiveMember live ? live : null);
  }

  ChannelCore.Channel channel(String channelId) {
    Room room = rooms.get(channelId);
    return room == null
        ? new ChannelCore.Channel(0, goneVersion())
        : new ChannelCore.Channel(room.count, room.version);
  }

  /** Holds what moves of a member that was just put. */
  void hold(MemberState state) {
    Room room = rooms.get(state.channelId());
    if (room != null) {
      room.members.computeIfPresent(
          state.userId(), (userId, held) -> new LiveMember(storedOf(held), state));
    }
  }

  /** A member has left: the channel's version goes on without it. */
  void left(String channelId, long version) {
    Room room = rooms.get(channelId);
    if (room != null) {
      room.version = version;
    }
  }

  /** Starts to be the processor's: hands over all members. */
  void activate(Consumer<MemberState> members) {
    rooms.forEach(
        (channelId, room) -> {
          room.version = Math.max(room.version, goneVersion());
          room.members.replaceAll(
              (userId, held) -> {
                byte[] stored = storedOf(held);
                MemberState state = MemberCodec.decode(channelId, userId, stored, null);
                state.lastSeenAtLeast(aliveAtLeast());
                members.accept(state);
                return new LiveMember(stored, state);
              });
        });
    becomeActive();
  }

  // What queries use

  @Override
  public <R> QueryResult<R> query(Query<R> query, PositionBound positionBound, QueryConfig config) {
    return switch (query) {
      case ChannelQuery channel ->
          answer(
              channel.taken(),
              () -> new ChannelQuery.Result(answer(channel.question()), !isActive()));
      default -> QueryResult.forUnknownQueryType(query, this);
    };
  }

  private byte[] answer(Question.OfChannel question) {
    Room room = rooms.get(question.channelId());
    long version = 0;
    int count = 0;
    if (room != null) {
      version = room.version;
      count = room.count;
    } else if (isActive()) {
      version = goneVersion();
    }
    String requester = question.requester();
    Object own = room == null || requester == null ? null : room.members.get(requester);
    if (own != null && !MemberCodec.isShown(storedOf(own))) {
      count++;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    try {
      write(out, "{");
      String next = null;
      if (question instanceof Question.Members page) {
        write(out, "\"members\":[");
        if (room != null) {
          next = writePage(out, room, page);
        }
        write(out, "],");
      }
      write(out, "\"count\":" + count + ",\"version\":" + version);
      if (next != null) {
        write(out, ",\"next\":\"" + next + "\"");
      }
      write(out, "}");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** Writes the members of a page; says after whom the next begins, if there is one. */
  private @Nullable String writePage(ByteArrayOutputStream out, Room room, Question.Members page)
      throws IOException {
    String after = page.after();
    Map<String, Object> rest = after == null ? room.members : room.members.tailMap(after, false);
    int written = 0;
    String last = null;
    for (Map.Entry<String, Object> member : rest.entrySet()) {
      String userId = member.getKey();
      byte[] stored = storedOf(member.getValue());
      boolean shown = MemberCodec.isShown(stored);
      if (!shown && !userId.equals(page.requester())) {
        continue;
      }
      if (written == page.limit()) {
        return last;
      }
      if (written > 0) {
        out.write(',');
      }
      if (shown) {
        MemberCodec.writeShown(out, userId, stored, lastSeen(member.getValue()));
      } else {
        out.write(
            Json.MAPPER.writeValueAsBytes(
                MemberCodec.decode(page.channelId(), userId, stored, null).member()));
      }
      written++;
      last = userId;
    }
    return null;
  }

  /** A copy is not told of heartbeats: only that a session was alive at the time it knows. */
  private long lastSeen(Object held) {
    return isActive() && held instanceof LiveMember live
        ? live.lastSeen()
        : Math.max(MemberCodec.lastSeen(storedOf(held)), aliveAtLeast());
  }

  private static void write(ByteArrayOutputStream out, String ascii) throws IOException {
    out.write(ascii.getBytes(StandardCharsets.US_ASCII));
  }

  // The store

  @Override
  void apply(byte[] key, byte @Nullable [] value) {
    String member = Keys.all(key);
    int zero = member.indexOf('\0');
    String channelId = member.substring(0, zero);
    String userId = member.substring(zero + 1);
    if (value != null) {
      Room room = rooms.computeIfAbsent(channelId, id -> new Room(isActive() ? goneVersion() : 0));
      count(room, room.members.put(userId, value), value);
      room.version = Math.max(room.version, MemberCodec.version(value));
      return;
    }
    Room room = rooms.get(channelId);
    if (room != null) {
      count(room, room.members.remove(userId), null);
      if (room.members.isEmpty()) {
        rooms.remove(channelId);
      }
    }
  }

  @SuppressWarnings("NonAtomicOperationOnVolatileField") // One thread writes.
  private static void count(Room room, @Nullable Object before, byte @Nullable [] after) {
    int wasShown = before != null && MemberCodec.isShown(storedOf(before)) ? 1 : 0;
    int isShown = after != null && MemberCodec.isShown(after) ? 1 : 0;
    int count = room.count + isShown - wasShown;
    room.count = count;
  }

  @Override
  boolean isOutdated(byte[] key, byte[] value) {
    byte[] held = stored(key);
    return held != null && MemberCodec.version(held) > MemberCodec.version(value);
  }

  @Override
  byte @Nullable [] stored(byte[] key) {
    String member = Keys.all(key);
    int zero = member.indexOf('\0');
    Object held = held(member.substring(0, zero), member.substring(zero + 1));
    return held == null ? null : storedOf(held);
  }

  @Override
  void addTo(Map<Bytes, byte[]> entries) {
    rooms.forEach(
        (channelId, room) ->
            room.members.forEach(
                (userId, held) -> entries.put(Keys.ofMember(channelId, userId), storedOf(held))));
  }

  @Override
  void clear() {
    rooms.clear();
  }

  @Override
  public long approximateNumEntries() {
    return rooms.values().stream().mapToLong(room -> room.members.size()).sum();
  }

  private @Nullable Object held(String channelId, String userId) {
    Room room = rooms.get(channelId);
    return room == null ? null : room.members.get(userId);
  }

  private static byte[] storedOf(Object held) {
    return held instanceof LiveMember live ? live.stored() : (byte[]) held;
  }
}
