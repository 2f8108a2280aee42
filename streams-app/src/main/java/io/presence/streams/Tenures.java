package io.presence.streams;

import io.presence.streams.query.Standstill;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * The stays of partitions with this instance. It counts those that are not the first of their
 * partition, and ends those that may have gone to another without a word.
 *
 * <p>The latter is for at-least-once, where no broker refuses what is written by one that was
 * replaced. A process that stood still finds records that it had read before, and would write what
 * comes of them over what others have written since. What was on its way to the brokers in the
 * moment when it stopped still gets there.
 */
final class Tenures {
  private final @Nullable Standstill standstill;
  private final Set<TaskId> seen = ConcurrentHashMap.newKeySet();
  private final AtomicInteger renewals = new AtomicInteger();

  /**
   * @param standstill whether this process stood still; null where brokers refuse what one writes
   *     that was replaced
   */
  Tenures(@Nullable Standstill standstill) {
    this.standstill = standstill;
  }

  /** Watches over a processor. */
  Processor<byte[], byte[], byte[], byte[]> around(
      Processor<byte[], byte[], byte[], byte[]> processor) {
    return new Tenure(processor);
  }

  /**
   * How often a partition was taken up that had been here before: what was shown of it and not
   * committed is forgotten.
   */
  int renewals() {
    return renewals.get();
  }

  private final class Tenure implements Processor<byte[], byte[], byte[], byte[]> {
    private final Processor<byte[], byte[], byte[], byte[]> processor;
    private long begun;

    private Tenure(Processor<byte[], byte[], byte[], byte[]> processor) {
      this.processor = processor;
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
      if (standstill != null) {
        begun = standstill.now();
      }
      processor.init(context);
      if (!seen.add(context.taskId())) {
        renewals.incrementAndGet();
      }
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      if (standstill != null && standstill.isSince(begun)) {
        throw new IllegalStateException(
            "this process stood still: others may own by now what it owned, and it begins anew");
      }
      processor.process(record);
    }

    @Override
    public void close() {
      processor.close();
    }
  }
}
