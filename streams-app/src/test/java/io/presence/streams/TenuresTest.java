package io.presence.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.presence.streams.query.Standstill;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenuresTest {
  private static final TaskId FIRST = new TaskId(0, 0);
  private static final TaskId SECOND = new TaskId(0, 1);

  @TempDir Path directory;

  private long now = 1;
  private final Standstill standstill = new Standstill(() -> now);
  private final List<String> processed = new ArrayList<>();

  @Test
  void shouldProcessWhileTheProcessGoesOn() {
    Processor<byte[], byte[], byte[], byte[]> tenure = begin(new Tenures(standstill), FIRST);
    process(tenure, "first");
    pass(Duration.ofSeconds(1));
    standstill.beat();
    process(tenure, "second");
    assertThat(processed).containsExactly("first", "second");
  }

  @Test
  void shouldProcessNothingThatWasReadBeforeAStandstill() {
    Tenures tenures = new Tenures(standstill);
    Processor<byte[], byte[], byte[], byte[]> tenure = begin(tenures, FIRST);
    pass(Standstill.LIMIT.plusMillis(1));
    assertThatIllegalStateException().isThrownBy(() -> process(tenure, "old"));
    standstill.beat();
    assertThatIllegalStateException().isThrownBy(() -> process(tenure, "old, too"));
    pass(Duration.ofMillis(1));
    process(begin(tenures, FIRST), "anew");
    assertThat(processed).containsExactly("anew");
  }

  @Test
  void shouldProcessAfterAStandstillWhereBrokersRefuseWhatIsOld() {
    Processor<byte[], byte[], byte[], byte[]> tenure = begin(new Tenures(null), FIRST);
    pass(Standstill.LIMIT.multipliedBy(10));
    process(tenure, "refused by brokers, if need be");
    assertThat(processed).hasSize(1);
  }

  @Test
  void shouldCountWhatIsTakenUpAgain() {
    Tenures tenures = new Tenures(null);
    begin(tenures, FIRST);
    begin(tenures, SECOND);
    assertThat(tenures.renewals()).isZero();
    begin(tenures, FIRST);
    assertThat(tenures.renewals()).isEqualTo(1);
    begin(tenures, FIRST);
    begin(tenures, SECOND);
    assertThat(tenures.renewals()).isEqualTo(3);
  }

  private Processor<byte[], byte[], byte[], byte[]> begin(Tenures tenures, TaskId task) {
    Processor<byte[], byte[], byte[], byte[]> tenure =
        tenures.around(record -> processed.add(new String(record.value(), UTF_8)));
    tenure.init(new MockProcessorContext<>(new Properties(), task, directory.toFile()));
    return tenure;
  }

  private static void process(Processor<byte[], byte[], byte[], byte[]> tenure, String value) {
    tenure.process(new Record<>(new byte[0], value.getBytes(UTF_8), 0));
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }
}
