package io.presence.gateway.live;

/** The other end of a subscriber: a socket or an event stream. */
public interface Sink {

  /**
   * Sends messages in their order, in one write where that can be. It does not wait. There is one
   * write at a time: the next batch comes once this one is with the network.
   *
   * @param written called once all are with the network, unless this returns true; never if the
   *     other end is gone, which the sink finds out and says by closing its subscriber
   * @return whether all are with the network already
   */
  boolean send(Batch batch, Runnable written);

  /** Called when all that was queued is sent. */
  default void drained() {}
}
