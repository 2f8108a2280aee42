package io.presence.streams;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.StreamPartitioner;

/**
 * The sink of the inboxes. Its partitioner sees nothing but key and value: so the inboxes that a
 * record is for travel before the key up to there, and the record is encoded once for all of them.
 */
final class Inboxes {
  private Inboxes() {}

  /** A key, and the inboxes that it is for. */
  static byte[] addressed(int[] inboxes, byte[] key) {
    ByteBuffer bytes = ByteBuffer.allocate((inboxes.length + 1) * Short.BYTES + key.length);
    bytes.putShort((short) inboxes.length);
    for (int inbox : inboxes) {
      bytes.putShort((short) inbox);
    }
    return bytes.put(key).array();
  }

  static StreamPartitioner<byte[], byte[]> partitioner() {
    return (topic, addressed, value, partitions) -> Optional.of(inboxes(addressed));
  }

  static Serializer<byte[]> keys() {
    return (topic, addressed) -> key(addressed);
  }

  static Set<Integer> inboxes(byte[] addressed) {
    ByteBuffer bytes = ByteBuffer.wrap(addressed);
    int count = bytes.getShort();
    Set<Integer> inboxes = HashSet.newHashSet(count);
    for (int i = 0; i < count; i++) {
      inboxes.add((int) bytes.getShort());
    }
    return inboxes;
  }

  static byte[] key(byte[] addressed) {
    int count = ByteBuffer.wrap(addressed).getShort();
    return Arrays.copyOfRange(addressed, (count + 1) * Short.BYTES, addressed.length);
  }
}
