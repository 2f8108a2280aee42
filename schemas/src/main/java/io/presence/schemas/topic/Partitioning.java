package io.presence.schemas.topic;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Utils;

/** Which partition an id belongs to: Kafka's own murmur2, as its Java producer does it. */
public final class Partitioning {
  private Partitioning() {}

  /** The partition of {@code id} among {@code partitions}. */
  public static int partitionOf(String id, int partitions) {
    return partitionOf(id.getBytes(StandardCharsets.UTF_8), partitions);
  }

  /** The partition of a key among {@code partitions}. */
  public static int partitionOf(byte[] key, int partitions) {
    return Utils.toPositive(Utils.murmur2(key)) % partitions;
  }
}
