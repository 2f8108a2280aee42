package io.presence.gateway.live;

import java.util.List;

/** A snapshot that is asked for: of so many users, for one subscriber. Each is only itself. */
final class Ask {
  private final Subscriber subscriber;
  private final List<Watch> watches;
  private final boolean announced;
  private final int attempt;

  /**
   * @param announced whether the answer is an {@code initial_presence}; else it is an update of
   *     those of whom there is news
   * @param attempt how often it was asked before
   */
  Ask(Subscriber subscriber, List<Watch> watches, boolean announced, int attempt) {
    this.subscriber = subscriber;
    this.watches = watches;
    this.announced = announced;
    this.attempt = attempt;
  }

  Subscriber subscriber() {
    return subscriber;
  }

  List<Watch> watches() {
    return watches;
  }

  boolean announced() {
    return announced;
  }

  int attempt() {
    return attempt;
  }
}
