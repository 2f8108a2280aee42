package io.presence.cluster;

import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Time;

/** A clock that is wrong by some time, and runs as any other. */
final class ShiftedClock implements Time {
  private volatile long shiftMillis;

  ShiftedClock(Duration shift) {
    set(shift);
  }

  /** From now on it is wrong by so much: it jumps. */
  void set(Duration shift) {
    shiftMillis = shift.toMillis();
  }

  @Override
  public long milliseconds() {
    return Time.SYSTEM.milliseconds() + shiftMillis;
  }

  @Override
  public long nanoseconds() {
    return Time.SYSTEM.nanoseconds();
  }

  @Override
  public void sleep(long millis) {
    Time.SYSTEM.sleep(millis);
  }

  @Override
  public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMillis)
      throws InterruptedException {
    Time.SYSTEM.waitObject(object, condition, deadlineMillis - shiftMillis);
  }
}
