package io.presence.gateway.live;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All who watch one user. To add, and to remove, costs the same however many they are. */
final class Audience {
  private @Nullable Watch[] watches = new Watch[1];
  private int size;

  synchronized void add(Watch watch) {
    if (size == watches.length) {
      watches = Arrays.copyOf(watches, size * 2);
    }
    watch.place = size;
    watches[size++] = watch;
  }

  /** Removes one that is among them. Returns whether nobody is left. */
  synchronized boolean remove(Watch watch) {
    Watch last = watches[--size];
    watches[size] = null;
    if (last != null && last != watch) {
      watches[watch.place] = last;
      last.place = watch.place;
    }
    if (size > 16 && size < watches.length / 4) {
      watches = Arrays.copyOf(watches, watches.length / 2);
    }
    return size == 0;
  }

  /**
   * Gives changes of the user to all, in their order; those with something to send are added to
   * {@code ready}.
   */
  synchronized void tell(List<Change> changes, List<Subscriber> ready) {
    for (int i = 0; i < size; i++) {
      Watch watch = watches[i];
      if (watch != null && watch.subscriber.change(watch, changes)) {
        ready.add(watch.subscriber);
      }
    }
  }
}
