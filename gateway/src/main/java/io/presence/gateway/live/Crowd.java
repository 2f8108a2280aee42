package io.presence.gateway.live;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Those who watch one thing. To add, and to remove, costs the same however many they are. Guarded
 * by whoever holds it.
 */
final class Crowd<W extends Crowd.Watching> {

  /** One of a crowd. */
  abstract static class Watching {
    /** Where it stands; the crowd's own. */
    private int place;
  }

  private @Nullable Watching[] watches = new Watching[1];
  private int size;

  int size() {
    return size;
  }

  void add(W watch) {
    if (size == watches.length) {
      watches = Arrays.copyOf(watches, size * 2);
    }
    Watching added = watch;
    added.place = size;
    watches[size++] = watch;
  }

  /** Removes one that is among them. Returns whether nobody is left. */
  boolean remove(W watch) {
    Watching removed = watch;
    Watching last = watches[--size];
    watches[size] = null;
    if (last != null && !last.equals(removed)) {
      watches[removed.place] = last;
      last.place = removed.place;
    }
    if (size > 16 && size < watches.length / 4) {
      watches = Arrays.copyOf(watches, watches.length / 2);
    }
    return size == 0;
  }

  /** Nobody may be added or removed meanwhile. */
  @SuppressWarnings("unchecked") // nothing else is ever added
  void forEach(Consumer<W> action) {
    for (int i = 0; i < size; i++) {
      Watching watch = watches[i];
      if (watch != null) {
        action.accept((W) watch);
      }
    }
  }
}
