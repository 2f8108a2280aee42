package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.presence.gateway.limit.Clock;
import io.presence.gateway.lookup.MemberLists;
import io.presence.gateway.write.CursorLog;
import io.presence.schemas.topic.Partitioning;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From a change in a channel, or a cursor that has moved, to all who follow the channel. A change
 * that nobody follows costs one probe; one that many follow is encoded once.
 */
public final class ChannelFanout {
  /** For how long the cursors of a document that nobody follows are remembered. */
  public static final Duration CURSORS_KEPT = Duration.ofMinutes(10);

  private static final Logger LOG = LoggerFactory.getLogger(ChannelFanout.class);
  private static final int FIRST_AT_A_TIME = 16;
  private static final int LATER_AT_A_TIME = 4;
  private static final long MAX_CURSOR_BYTES = 64L * 1024 * 1024;

  /**
   * How changes are gathered.
   *
   * @param above in channels that more than so many follow here
   * @param during for how long
   */
  public record Gathering(int above, Duration during) {}

  private final int partitions;
  private final Fanout fanout;
  private final MemberLists lists;
  private final Gathering gathering;
  private final Snapshots.Timer timer;
  private final Clock clock;
  private final Lane first;
  private final Lane later;
  private final Map<String, ChannelAudience> audiences = new ConcurrentHashMap<>();

  /** The last cursors of documents that nobody follows. */
  private final Cache<String, LastCursors> unfollowed =
      Caffeine.newBuilder()
          .maximumWeight(MAX_CURSOR_BYTES)
          .weigher((String channelId, LastCursors cursors) -> cursors.bytes())
          .expireAfterWrite(CURSORS_KEPT)
          .executor(Runnable::run)
          .build();

  /**
   * @param partitions of the topic of changes of channels
   * @param fanout that of presences: what subscribers are sent goes one way
   */
  public ChannelFanout(
      int partitions,
      Fanout fanout,
      MemberLists lists,
      Gathering gathering,
      Clock clock,
      MeterRegistry registry) {
    this.partitions = partitions;
    this.fanout = fanout;
    this.lists = lists;
    this.gathering = gathering;
    this.timer = fanout.timer();
    this.clock = clock;
    this.first = new Lane(FIRST_AT_A_TIME, fanout::execute);
    this.later = new Lane(LATER_AT_A_TIME, fanout::execute);
    Gauge.builder("presence.live.channels", audiences, Map::size)
        .description("channels followed by anyone")
        .register(registry);
    Gauge.builder("presence.live.channels.waiting", () -> first.waiting() + later.waiting())
        .description("lists of members to ask for")
        .register(registry);
  }

  /** What reads the topic of changes tells this. */
  public ChangeFeed.Receiver changes() {
    return new Changes();
  }

  /** What reads the topic of cursors tells this. */
  public ChangeFeed.Receiver cursors() {
    return new Cursors();
  }

  /**
   * The channels of these partitions have a new owner: what was said of them may never have been.
   */
  public void resync(Set<Integer> concerned) {
    resync(concerned, false);
  }

  void add(ChannelWatch watch) {
    ChannelAudience audience =
        audiences.compute(
            watch.channelId,
            (id, before) -> {
              ChannelAudience all = before == null ? audience(id) : before;
              all.add(watch);
              return all;
            });
    audience.ask(watch);
  }

  void remove(ChannelWatch watch) {
    audiences.computeIfPresent(
        watch.channelId,
        (id, audience) -> {
          if (!audience.remove(watch)) {
            return audience;
          }
          if (!audience.cursors().isEmpty()) {
            unfollowed.put(id, audience.cursors());
          }
          return null;
        });
  }

  /** Tells one anew. */
  void ask(ChannelWatch watch) {
    ChannelAudience audience = audiences.get(watch.channelId);
    if (audience != null) {
      audience.ask(watch);
    }
  }

  /** Asks for a list, before or after those that are asked for again. */
  void load(ChannelAudience.Load load, boolean soon) {
    (soon ? first : later).add(new Loading(load));
  }

  void later(int attempt, Runnable task) {
    fanout.later(attempt, task);
  }

  void after(Duration delay, Runnable task) {
    timer.after(delay, task);
  }

  void flush(List<Subscriber> ready) {
    fanout.flush(ready);
  }

  long nanos() {
    return clock.nanos();
  }

  int gatherAbove() {
    return gathering.above();
  }

  Duration gather() {
    return gathering.during();
  }

  private ChannelAudience audience(String channelId) {
    LastCursors known = unfollowed.asMap().remove(channelId);
    return new ChannelAudience(this, channelId, known == null ? new LastCursors() : known);
  }

  private void resync(@Nullable Set<Integer> concerned, boolean gap) {
    List<Subscriber> ready = new ArrayList<>();
    audiences.forEach(
        (channelId, audience) -> {
          if (concerned == null
              || concerned.contains(Partitioning.partitionOf(channelId, partitions))) {
            audience.resync(gap, ready);
          }
        });
    fanout.flush(ready);
  }

  /** One list, and the right to see when its members were last seen. */
  private final class Loading implements Lane.Job<MemberLists.Seen> {
    private final ChannelAudience.Load load;

    Loading(ChannelAudience.Load load) {
      this.load = load;
    }

    @Override
    public CompletionStage<MemberLists.Seen> begin() {
      ChannelAudience audience = load.audience();
      return audience.begins(load)
          ? lists.load(audience.channelId(), () -> audience.requesters(load))
          : CompletableFuture.failedStage(new CancellationException("nobody waits for it"));
    }

    @Override
    public void end(MemberLists.@Nullable Seen seen, @Nullable Throwable failure) {
      if (seen == null) {
        LOG.debug("a list of members could not be had", failure);
        load.audience().failed(load);
        return;
      }
      List<Subscriber> ready = new ArrayList<>();
      load.audience().loaded(load, seen.list(), seen.byStrangers(), seen.byRequester(), ready);
      fanout.flush(ready);
    }
  }

  private final class Changes implements ChangeFeed.Receiver {
    @Override
    public void take(ConsumerRecords<byte[], byte[]> records) {
      Map<String, List<MemberChange>> changes = new LinkedHashMap<>();
      for (ConsumerRecord<byte[], byte[]> record : records) {
        take(record, changes);
      }
      List<Subscriber> ready = new ArrayList<>();
      changes.forEach(
          (channelId, ofChannel) -> {
            ChannelAudience audience = audiences.get(channelId);
            if (audience != null) {
              audience.take(ofChannel, ready);
            }
          });
      fanout.flush(ready);
    }

    @Override
    public void gap() {
      resync(null, true);
    }

    private void take(
        ConsumerRecord<byte[], byte[]> record, Map<String, List<MemberChange>> changes) {
      if (record.key() == null || record.value() == null) {
        return;
      }
      String channelId = new String(record.key(), UTF_8);
      boolean followed = audiences.containsKey(channelId);
      if (!followed && unfollowed.getIfPresent(channelId) == null) {
        return;
      }
      try {
        MemberChange change = MemberChange.read(record.value());
        if (followed) {
          changes.computeIfAbsent(channelId, id -> new ArrayList<>(1)).add(change);
        } else if (change.left()) {
          unfollowed
              .asMap()
              .computeIfPresent(
                  channelId,
                  (id, cursors) -> {
                    cursors.remove(change.userId());
                    return cursors.isEmpty() ? null : cursors;
                  });
        }
      } catch (IOException e) {
        ChangeFeed.warn(record, e);
      }
    }
  }

  private final class Cursors implements ChangeFeed.Receiver {
    @Override
    public void take(ConsumerRecords<byte[], byte[]> records) {
      Set<ChannelAudience> moved = new HashSet<>();
      for (ConsumerRecord<byte[], byte[]> record : records) {
        if (record.key() != null && record.value() != null) {
          take(record, moved);
        }
      }
      moved.forEach(ChannelAudience::sendCursors);
    }

    /** Nothing is lost but where someone was: the next move says it. */
    @Override
    public void gap() {}

    private void take(ConsumerRecord<byte[], byte[]> record, Set<ChannelAudience> moved) {
      String channelId = new String(record.key(), UTF_8);
      try {
        Cursor cursor = Cursor.read(channelId, record.value(), session(record), record.timestamp());
        if (cursor == null) {
          return;
        }
        ChannelAudience audience = give(channelId, cursor);
        if (audience != null) {
          moved.add(audience);
          return;
        }
        unfollowed
            .asMap()
            .compute(
                channelId,
                (id, known) -> {
                  LastCursors cursors = known == null ? new LastCursors() : known;
                  cursors.put(cursor);
                  return cursors;
                });
        // Someone may have begun to follow in between.
        if (audiences.containsKey(channelId)) {
          LastCursors left = unfollowed.asMap().remove(channelId);
          if (left != null) {
            left.all().forEach(each -> give(channelId, each));
          }
        }
      } catch (IOException e) {
        ChangeFeed.warn(record, e);
      }
    }

    /** Gives a cursor to those who follow its document; null if nobody does. */
    private @Nullable ChannelAudience give(String channelId, Cursor cursor) {
      return audiences.computeIfPresent(
          channelId,
          (id, audience) -> {
            audience.take(cursor);
            return audience;
          });
    }

    private static @Nullable String session(ConsumerRecord<byte[], byte[]> record) {
      Header header = record.headers().lastHeader(CursorLog.SESSION_HEADER);
      return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }
  }
}
