package io.presence.schemas.topic;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Utils;

/** Which partition an id belongs to: Kafka's own murmur2, as its Java producer does it. */
public final class Partitioning {
  private Partitioning() {}

  private static final int SEED = 0x9747b28c;
  private static final int FACTOR = 0x5bd1e995;

  /** The partition of {@code id} among {@code partitions}. */
  public static int partitionOf(String id, int partitions) {
    return Utils.toPositive(murmur2(id)) % partitions;
  }

  /** The partition of a key among {@code partitions}. */
  public static int partitionOf(byte[] key, int partitions) {
    return Utils.toPositive(Utils.murmur2(key)) % partitions;
  }

  /** What {@link Utils#murmur2} makes of it in UTF-8, without a copy where that is ASCII. */
  private static int murmur2(String id) {
    int length = id.length();
    int hash = SEED ^ length;
    int seen = 0;
    int i = 0;
    for (; i + 4 <= length; i += 4) {
      char a = id.charAt(i);
      char b = id.charAt(i + 1);
      char c = id.charAt(i + 2);
      char d = id.charAt(i + 3);
      seen |= a | b | c | d;
      int k = (a | b << 8 | c << 16 | d << 24) * FACTOR;
      hash = hash * FACTOR ^ (k ^ k >>> 24) * FACTOR;
    }
    if (i < length) {
      int rest = 0;
      for (int j = length - 1; j >= i; j--) {
        seen |= id.charAt(j);
        rest = rest << 8 | id.charAt(j);
      }
      hash = (hash ^ rest) * FACTOR;
    }
    if (seen > 127) {
      return Utils.murmur2(id.getBytes(StandardCharsets.UTF_8));
    }
    hash = (hash ^ hash >>> 13) * FACTOR;
    return hash ^ hash >>> 15;
  }
}
