package io.presence.streams;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.presence.schemas.channel.ChannelChange;
import io.presence.schemas.event.ChannelEvent;
import io.presence.schemas.event.ChannelEvent.Heartbeat;
import io.presence.schemas.event.ChannelEvent.Heartbeats;
import io.presence.schemas.event.ChannelEvent.OfMember;
import io.presence.schemas.event.ChannelEvent.Tick;
import io.presence.schemas.event.ChannelEventCodec;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import io.presence.streams.core.ChannelCore;
import io.presence.streams.core.MemberOutcome;
import io.presence.streams.core.MemberSession;
import io.presence.streams.core.MemberState;
import io.presence.streams.core.Moment;
import io.presence.streams.core.SessionClock;
import io.presence.streams.store.ChannelStore;
import io.presence.streams.store.IndexedStore;
import io.presence.streams.store.LiveMember;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the records of one partition of {@code channel-events} to the rules and what comes of
 * them to the store and the topics.
 */
final class ChannelProcessor extends PartitionProcessor {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelProcessor.class);

  private final ChannelCore core;
  private ChannelStore store;

  /** What versions go on after in channels that lost members. */
  private long goneVersion;

  @SuppressWarnings("NullAway.Init")
  ChannelProcessor(PresenceTopology.Configuration configuration, Ticks ticks) {
    super(
        new Setup(
            configuration.partitions(),
            configuration.channelRules().ttl(),
            configuration.channelRules().stallThreshold(),
            configuration.channelTickInterval(),
            configuration.skipRepeated()),
        ticks);
    this.core = new ChannelCore(configuration.channelRules());
  }

  @Override
  IndexedStore open(ProcessorContext<byte[], byte[]> context) {
    store = context.getStateStore(PresenceTopology.CHANNEL_STORE);
    goneVersion = store.goneVersion();
    return store;
  }

  @Override
  void takeUp(long now) {
    int[] members = new int[1];
    store.activate(
        state -> {
          core.reopen(state, now);
          watch(state);
          members[0]++;
        });
    LOG.info(
        "partition {} of channels taken up at presence time {}: {} members",
        partition(),
        now,
        members[0]);
  }

  @Override
  public void close() {
    store.deactivate();
  }

  @Override
  String deadLetters() {
    return PresenceTopology.CHANNEL_DEAD_LETTERS_SINK;
  }

  @Override
  long goneVersion() {
    return goneVersion;
  }

  @Override
  void windowClosed(SessionClock clock, Moment moment) {
    String owner = clock.owner();
    int zero = owner.indexOf('\0');
    String channelId = owner.substring(0, zero);
    MemberState state = Objects.requireNonNull(store.find(channelId, owner.substring(zero + 1)));
    take(state, core.closed(state, clock, moment, store.channel(channelId)), moment);
  }

  @Override
  void expired(String userId, Moment moment) {
    throw new IllegalStateException("nothing expires in channels");
  }

  @Override
  void apply(Record<byte[], byte[]> record, Moment moment) {
    byte[] value = record.value();
    if (value == null) {
      refuse(record, value, "no value");
      return;
    }
    ChannelEvent event;
    try {
      event = ChannelEventCodec.read(value);
    } catch (InvalidJsonException e) {
      refuse(record, value, String.valueOf(e.getMessage()));
      return;
    }
    switch (event) {
      case Tick tick -> {}
      case Heartbeats heartbeats -> applyBatch(record, heartbeats, moment);
      case OfMember ofMember -> {
        String fault = faultOfKey(record.key(), "channel_id", ofMember.channelId());
        if (fault == null) {
          fault = applyToMember(ofMember, moment);
        }
        if (fault != null) {
          refuse(record, value, fault);
        }
      }
    }
  }

  private void applyBatch(Record<byte[], byte[]> record, Heartbeats batch, Moment moment) {
    Refused<Heartbeat> refused =
        new Refused<>(entries -> ChannelEventCodec.write(new Heartbeats(entries)));
    for (Heartbeat heartbeat : batch.entries()) {
      if (!absorb(heartbeat, moment)) {
        String fault = faultOfPartition(heartbeat.channelId());
        if (fault != null) {
          refused.add(heartbeat, fault);
        }
      }
    }
    refused.send(record);
  }

  /** Takes a heartbeat; says whether there is such a session. */
  private boolean absorb(Heartbeat heartbeat, Moment moment) {
    LiveMember live = store.live(heartbeat.channelId(), heartbeat.userId());
    SessionClock clock = live == null ? null : live.clock(heartbeat.sessionName());
    if (live == null || clock == null) {
      return false;
    }
    if (!isRepeated(live.changedBy(), moment)) {
      core.absorb(clock, live, moment);
    }
    return true;
  }

  /** Applies an event that is where it belongs; says why, if it could not be taken. */
  private @Nullable String applyToMember(OfMember event, Moment moment) {
    if (event instanceof Heartbeat heartbeat) {
      absorb(heartbeat, moment);
      return null;
    }
    MemberState found = store.find(event.channelId(), event.userId());
    if (found != null && isRepeated(found.changedBy(), moment)) {
      return null;
    }
    MemberState state = found != null ? found : MemberState.none(event.channelId(), event.userId());
    return decide(
        () -> core.apply(state, event, moment, store.channel(event.channelId())),
        outcome -> {
          if (outcome.refused() == null) {
            take(state, outcome, moment);
          }
          return outcome.refused();
        },
        moment);
  }

  /** Stores and sends what came of an event or a deadline. */
  private void take(MemberState before, MemberOutcome outcome, Moment moment) {
    outcome.over().forEach(deadlines()::forget);
    MemberState after = outcome.after();
    if (outcome.unchanged()) {
      // A lost connection has a deadline that may be earlier, and nothing else to be stored.
      watch(after);
      return;
    }
    if (after.sessions().isEmpty()) {
      store.remove(before.channelId(), before.userId());
    } else {
      store.put(after);
      watch(after);
    }
    ChannelChange change = outcome.change();
    if (change == null) {
      return;
    }
    if (change.event() == ChannelChange.Event.LEFT) {
      goneVersion = Math.max(goneVersion, change.version());
      store.left(change.channelId(), change.version());
      storeTime(moment.timestamp());
    }
    try {
      forward(
          change.channelId().getBytes(StandardCharsets.UTF_8),
          Json.MAPPER.writeValueAsBytes(change),
          moment,
          PresenceTopology.CHANNEL_CHANGES_SINK);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("metadata was checked when it was read", e);
    }
  }

  private void watch(MemberState state) {
    for (MemberSession session : state.sessions()) {
      deadlines().watch(session.clock());
    }
  }
}
