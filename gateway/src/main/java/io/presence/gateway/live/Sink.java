package io.presence.gateway.live;

import java.util.List;

/** The other end of a subscriber: a socket or an event stream. */
public interface Sink {

  /**
   * Sends messages in their order, in one write where that can be. It does not wait.
   *
   * @param written called once all are with the network; never if the other end is gone, which the
   *     sink finds out and says by closing its subscriber
   */
  void send(List<Message> messages, Runnable written);

  /** Called when all that was queued is sent. */
  default void drained() {}
}
