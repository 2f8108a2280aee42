package io.presence.streams;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class LogTicksTest {
  private static final Node NODE = new Node(0, "127.0.0.1", 1);

  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(
          new Cluster(
              "c",
              List.of(NODE),
              List.of(
                  partition("events", 0),
                  partition("events", 1),
                  partition("channel-events", 1),
                  partition("channel-events", 0)),
              Set.of(),
              Set.of()),
          false,
          null,
          new ByteArraySerializer(),
          new ByteArraySerializer());
  private final LogTicks logTicks = new LogTicks(producer);
  private final Ticks ticks = logTicks.of("events");

  @Test
  void shouldHaveOneTickOfAPartitionUnderWayAndOneMoreOnceItIsAcknowledged() {
    ticks.append(0);
    ticks.append(0);
    ticks.append(0);
    assertThat(sent(0)).isEqualTo(1);

    producer.completeNext();
    assertThat(sent(0)).isEqualTo(2);
    producer.completeNext();
    assertThat(sent(0)).isEqualTo(2);

    ticks.append(0);
    assertThat(sent(0)).isEqualTo(3);
  }

  @Test
  void shouldNotLetOnePartitionWaitForAnother() {
    ticks.append(0);
    ticks.append(1);
    logTicks.of("channel-events").append(1);
    assertThat(sent(0)).isEqualTo(1);
    assertThat(sent(1)).isEqualTo(2);
  }

  @Test
  void shouldDropWhatWasNotAcknowledgedAndGoOnWhenAskedAgain() {
    ticks.append(0);
    ticks.append(0);
    producer.errorNext(new TimeoutException("no"));
    assertThat(sent(0)).isEqualTo(1);
    ticks.append(0);
    assertThat(sent(0)).isEqualTo(2);
  }

  @Test
  void shouldGoOnWhenTheProducerTakesNothing() {
    producer.sendException = new TimeoutException("its buffer is full");
    ticks.append(0);
    producer.sendException = null;
    ticks.append(0);
    assertThat(sent(0)).isEqualTo(1);
  }

  private long sent(int partition) {
    return producer.history().stream()
        .map(ProducerRecord::partition)
        .filter(sentTo -> sentTo == partition)
        .count();
  }

  private static PartitionInfo partition(String topic, int number) {
    return new PartitionInfo(topic, number, NODE, new Node[] {NODE}, new Node[] {NODE});
  }
}
