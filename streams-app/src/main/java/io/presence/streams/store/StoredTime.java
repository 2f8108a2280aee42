package io.presence.streams.store;

import io.presence.streams.time.PresenceTime.LastTick;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The time of a partition as it is stored: presence time, the timestamp that it was stored at, the
 * highest version of any that is gone, and, if there was one, the last tick.
 */
final class StoredTime {
  private static final int TIMESTAMP = Long.BYTES;
  private static final int GONE_VERSION = 2 * Long.BYTES;
  private static final int TICK = 3 * Long.BYTES;
  private static final int NOW_AT_TICK = 4 * Long.BYTES;

  private StoredTime() {}

  static byte[] encode(
      long presenceTime, long timestamp, long goneVersion, @Nullable LastTick lastTick) {
    ByteBuffer bytes =
        ByteBuffer.allocate(lastTick == null ? TICK : NOW_AT_TICK + Long.BYTES)
            .putLong(presenceTime)
            .putLong(timestamp)
            .putLong(goneVersion);
    if (lastTick != null) {
      bytes.putLong(lastTick.timestamp()).putLong(lastTick.now());
    }
    return bytes.array();
  }

  static long presenceTime(byte[] stored) {
    return ByteBuffer.wrap(stored).getLong(0);
  }

  static long timestamp(byte[] stored) {
    return ByteBuffer.wrap(stored).getLong(TIMESTAMP);
  }

  static long goneVersion(byte[] stored) {
    return ByteBuffer.wrap(stored).getLong(GONE_VERSION);
  }

  /** Null, too, of what was stored before ticks were. */
  static @Nullable LastTick lastTick(byte[] stored) {
    ByteBuffer bytes = ByteBuffer.wrap(stored);
    return stored.length > TICK
        ? new LastTick(bytes.getLong(TICK), bytes.getLong(NOW_AT_TICK))
        : null;
  }
}
