package io.presence.gateway.live;

import java.util.List;

/** All who watch one user. */
final class Audience {
  private final Crowd<Watch> crowd = new Crowd<>();

  synchronized void add(Watch watch) {
    crowd.add(watch);
  }

  /** Removes one that is among them. Returns whether nobody is left. */
  synchronized boolean remove(Watch watch) {
    return crowd.remove(watch);
  }

  /** Something was missed; see {@link Fanout#missed}. */
  synchronized void missed(long required) {
    crowd.forEach(watch -> watch.subscriber.missed(watch, required));
  }

  /**
   * Gives changes of the user to all, in their order; those with something to send are added to
   * {@code ready}.
   */
  synchronized void tell(List<Change> changes, List<Subscriber> ready) {
    crowd.forEach(
        watch -> {
          if (watch.subscriber.change(watch, changes)) {
            ready.add(watch.subscriber);
          }
        });
  }
}
