package io.presence.streams;

import io.presence.schemas.topic.DeadLetter;
import io.presence.schemas.topic.Partitioning;
import io.presence.streams.core.Moment;
import io.presence.streams.core.SessionClock;
import io.presence.streams.store.IndexedStore;
import io.presence.streams.time.PresenceTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition of an event topic, whose clock is the log. For each record, in this order: advance,
 * grant, fire, apply. (To grant costs nothing here: a deadline counts the holes when it is asked
 * for.) What the records mean is left to those who extend it.
 */
abstract class PartitionProcessor implements Processor<byte[], byte[], byte[], byte[]> {
  /** The most deadlines that fire before one record. */
  static final int MAX_FIRED = 5_000;

  /** The time is stored once in each of these stretches of presence time, in milliseconds. */
  private static final long TIME_INTERVAL = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(PartitionProcessor.class);

  /**
   * What it runs by.
   *
   * @param partitions how many the topic has
   * @param skipRepeated whether to skip events that have taken effect already
   */
  record Setup(
      int partitions,
      Duration ttl,
      Duration stallThreshold,
      Duration tickInterval,
      boolean skipRepeated) {}

  private final Setup setup;
  private final long ttl;
  private final Ticks ticks;
  private ProcessorContext<byte[], byte[]> context;
  private IndexedStore store;
  private PresenceTime time;
  private Deadlines deadlines;
  private int partition;
  private long storedTime;

  @SuppressWarnings("NullAway.Init")
  PartitionProcessor(Setup setup, Ticks ticks) {
    this.setup = setup;
    this.ttl = setup.ttl().toMillis();
    this.ticks = ticks;
  }

  /** Opens the stores and hands over the one that keeps the time. */
  abstract IndexedStore open(ProcessorContext<byte[], byte[]> processorContext);

  /** Takes up what is stored: nobody's absence is counted while nobody was here to see. */
  abstract void takeUp(long now);

  /** The highest version of any that is gone. */
  abstract long goneVersion();

  /** A window of a session has closed. */
  abstract void windowClosed(SessionClock clock, Moment moment);

  /** Something of a user has expired. */
  abstract void expired(String userId, Moment moment);

  /** Applies a record. */
  abstract void apply(Record<byte[], byte[]> record, Moment moment);

  @Override
  public final void init(ProcessorContext<byte[], byte[]> processorContext) {
    context = processorContext;
    partition = context.taskId().partition();
    store = open(context);
    storedTime = store.presenceTime();
    time =
        new PresenceTime(storedTime, store.lastTick(), setup.stallThreshold().toMillis(), 20 * ttl);
    deadlines = new Deadlines(time, ttl);
    takeUp(storedTime);
    context.schedule(
        setup.tickInterval(),
        PunctuationType.WALL_CLOCK_TIME,
        wallClock -> ticks.append(partition));
  }

  @Override
  public final void process(Record<byte[], byte[]> record) {
    long offset = context.recordMetadata().map(RecordMetadata::offset).orElse(-1L);
    time.advance(record.timestamp(), Ticks.isTick(record.value()));
    deadlines.advance();
    fire(new Moment(time.now(), record.timestamp(), offset - 1));
    apply(record, new Moment(time.now(), record.timestamp(), offset));
    if (time.now() / TIME_INTERVAL != storedTime / TIME_INTERVAL) {
      storeTime(record.timestamp());
    }
  }

  private void fire(Moment moment) {
    int fired = 0;
    while (fired < MAX_FIRED) {
      SessionClock clock = deadlines.pollWindow();
      if (clock == null) {
        break;
      }
      windowClosed(clock, moment);
      fired++;
    }
    while (fired < MAX_FIRED) {
      String userId = deadlines.nextExpired(moment.timestamp());
      if (userId == null) {
        break;
      }
      expired(userId, moment);
      fired++;
    }
    if (fired == MAX_FIRED
        && (deadlines.hasDueWindow() || deadlines.nextExpired(moment.timestamp()) != null)) {
      ticks.append(partition);
    }
  }

  final ProcessorContext<byte[], byte[]> context() {
    return context;
  }

  final Deadlines deadlines() {
    return deadlines;
  }

  final int partition() {
    return partition;
  }

  final long livenessDeadline(SessionClock clock) {
    return clock.livenessDeadline(time, ttl);
  }

  /** Stores the time now, not once a second. */
  final void storeTime(long timestamp) {
    storedTime = time.now();
    store.putTime(storedTime, timestamp, goneVersion(), time.lastTick());
  }

  /** Whether events may come again that have taken effect already. */
  final boolean skipsRepeated() {
    return setup.skipRepeated();
  }

  /** Whether an event has taken effect already. */
  final boolean isRepeated(long changedBy, Moment moment) {
    return skipsRepeated() && changedBy >= moment.offset();
  }

  /** Why a record may not be here whose key must be {@code id}, the field of that name. */
  final @Nullable String faultOfKey(byte @Nullable [] key, String field, String id) {
    if (key == null) {
      return "no key: it must be the " + field;
    }
    if (!id.equals(new String(key, StandardCharsets.UTF_8))) {
      return "the key is not the " + field;
    }
    return faultOfPartition(id);
  }

  /** Why an id may not be here. */
  final @Nullable String faultOfPartition(String id) {
    int right = Partitioning.partitionOf(id, setup.partitions());
    return right == partition
        ? null
        : "%s belongs to partition %d, not %d: producers must use murmur2 (librdkafka: partitioner=murmur2_random)"
            .formatted(id, right, partition);
  }

  /** Takes what the rules said; says why the event was refused, if it was. */
  @FunctionalInterface
  interface Taking<O> {
    @Nullable String take(O outcome);
  }

  /**
   * Asks the rules and takes what they say. The rules only compute, so whatever goes wrong in them
   * is this event's fault and must not stop the partition.
   */
  final <O> @Nullable String decide(Supplier<O> rule, Taking<O> taking, Moment moment) {
    O outcome;
    try {
      outcome = rule.get();
    } catch (RuntimeException e) {
      LOG.error(
          "an event at offset {} of partition {} broke a rule", moment.offset(), partition, e);
      return "internal error: " + e;
    }
    return taking.take(outcome);
  }

  /** The entries of a batch that could not be taken: one dead letter for all, with one reason. */
  final class Refused<T> {
    private final Function<List<T>, byte[]> writer;
    private @Nullable List<T> entries;
    private String reason = "";

    /**
     * @param writer makes a batch of entries
     */
    Refused(Function<List<T>, byte[]> writer) {
      this.writer = writer;
    }

    void add(T entry, String fault) {
      List<T> all = entries;
      if (all == null) {
        all = new ArrayList<>();
        entries = all;
        reason = fault;
      }
      all.add(entry);
    }

    void send(Record<byte[], byte[]> record) {
      List<T> all = entries;
      if (all != null) {
        refuse(record, writer.apply(all), reason);
      }
    }
  }

  /** Sends what could not be taken to the dead letters. */
  final void refuse(Record<byte[], byte[]> record, byte @Nullable [] value, String reason) {
    Headers headers = new RecordHeaders(record.headers());
    add(headers, DeadLetter.REASON, reason);
    context
        .recordMetadata()
        .ifPresent(
            metadata -> {
              add(headers, DeadLetter.TOPIC, metadata.topic());
              add(headers, DeadLetter.PARTITION, Integer.toString(metadata.partition()));
              add(headers, DeadLetter.OFFSET, Long.toString(metadata.offset()));
            });
    context.forward(new Record<>(record.key(), value, record.timestamp(), headers), deadLetters());
  }

  /** The name of its sink for what could not be taken. */
  abstract String deadLetters();

  private static void add(Headers headers, String header, String text) {
    headers.remove(header);
    headers.add(header, text.getBytes(StandardCharsets.UTF_8));
  }

  final void forward(byte[] key, byte @Nullable [] value, Moment moment, String sink) {
    context.forward(new Record<>(key, value, moment.timestamp()), sink);
  }
}
