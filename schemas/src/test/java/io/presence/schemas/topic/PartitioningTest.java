package io.presence.schemas.topic;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.api.Test;

class PartitioningTest {
  @Test
  void shouldPutEveryIdWhereKafkasProducerPutsIt() {
    Random random = new Random(20261124);
    for (int round = 0; round < 10_000; round++) {
      byte[] key = new byte[1 + random.nextInt(128)];
      for (int i = 0; i < key.length; i++) {
        key[i] = (byte) ('-' + random.nextInt(78));
      }
      int partitions = 1 + random.nextInt(100);
      int expected = BuiltInPartitioner.partitionForKey(key, partitions);

      assertThat(Partitioning.partitionOf(key, partitions)).isEqualTo(expected);
      assertThat(Partitioning.partitionOf(new String(key, UTF_8), partitions)).isEqualTo(expected);
    }
  }

  @Test
  void shouldStayWhereItIs() {
    assertThat(Partitioning.partitionOf("ada", 8)).isEqualTo(5);
    assertThat(Partitioning.partitionOf("bob", 8)).isEqualTo(6);
    assertThat(Partitioning.partitionOf("eve", 8)).isEqualTo(4);
  }
}
