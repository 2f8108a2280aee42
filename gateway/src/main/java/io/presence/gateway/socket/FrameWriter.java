package io.presence.gateway.socket;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a socket says, but for its close: whole frames, straight to the network, one write at a
 * time. Safe for any number of threads, and none waits. A write that the network takes at once
 * costs no more than that; the rest of one that it does not goes out when the other end has read.
 *
 * <p>While a write is under way there wait at most a batch of messages, a ping, and a pong: the
 * newest, for it answers for those before it (RFC 6455, 5.5.3).
 */
final class FrameWriter {
  private static final Logger LOG = LoggerFactory.getLogger(FrameWriter.class);
  private static final int PING = 0x89;
  private static final int PONG = 0x8a;
  private static final ByteBuffer EMPTY_PING =
      ByteBuffer.wrap(new byte[] {(byte) PING, 0}).asReadOnlyBuffer();

  private final EndPoint to;
  private boolean writing;
  private @Nullable ByteBuffer ping;
  private @Nullable ByteBuffer pong;
  private @Nullable ByteBuffer messages;
  private @Nullable Runnable messagesWritten;

  /** What follows the last write; no more are begun since it is known. */
  private @Nullable Runnable last;

  FrameWriter(EndPoint to) {
    this.to = to;
  }

  /**
   * Writes messages; not before those of the last call are written.
   *
   * @param frames whole frames; from now on not the caller's
   * @param written called when they are with the network, unless this returns true; never if they
   *     will not be
   * @return whether they are with the network already
   */
  boolean write(ByteBuffer frames, Runnable written) {
    synchronized (this) {
      if (last != null) {
        return false;
      }
      if (writing) {
        messages = frames;
        messagesWritten = written;
        return false;
      }
      writing = true;
    }
    if (!flush(frames, written)) {
      return false;
    }
    goOn();
    return true;
  }

  /** Asks the other end whether it is there. */
  void ping() {
    synchronized (this) {
      if (last != null) {
        return;
      }
      if (writing) {
        ping = EMPTY_PING.duplicate();
        return;
      }
      writing = true;
    }
    if (flush(EMPTY_PING.duplicate(), FrameWriter::nothing)) {
      goOn();
    }
  }

  /**
   * Answers a ping.
   *
   * @param payload that of the ping; copied
   */
  void pong(ByteBuffer payload) {
    ByteBuffer frame = ByteBuffer.allocate(2 + payload.remaining());
    frame.put((byte) PONG).put((byte) payload.remaining()).put(payload.slice()).flip();
    synchronized (this) {
      if (last != null) {
        return;
      }
      if (writing) {
        pong = frame;
        return;
      }
      writing = true;
    }
    if (flush(frame, FrameWriter::nothing)) {
      goOn();
    }
  }

  /**
   * Writes nothing more but what waits, and has this follow it: at once if nothing is under way,
   * never if the other end does not take it.
   */
  void finish(Runnable then) {
    synchronized (this) {
      Runnable before = last;
      if (before == null || !writing) {
        last = then;
      } else {
        last =
            () -> {
              before.run();
              then.run();
            };
      }
      if (writing) {
        return;
      }
    }
    then.run();
  }

  /**
   * Gives frames to the network; if it does not take all, the rest follows on its own, and what is
   * to be done after it.
   *
   * @return whether it took all
   */
  private boolean flush(ByteBuffer frames, Runnable written) {
    try {
      if (to.flush(frames)) {
        return true;
      }
      to.write(
          Callback.from(
              () -> {
                written.run();
                goOn();
              },
              this::fail),
          frames);
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
    return false;
  }

  /** A write has ended: what waits is next, or the end. */
  private void goOn() {
    while (true) {
      ByteBuffer next;
      Runnable written = FrameWriter::nothing;
      Runnable end = null;
      synchronized (this) {
        if (ping != null) {
          next = ping;
          ping = null;
        } else if (pong != null) {
          next = pong;
          pong = null;
        } else if (messages != null && messagesWritten != null) {
          next = messages;
          written = messagesWritten;
          messages = null;
          messagesWritten = null;
        } else {
          next = null;
          writing = false;
          end = last;
        }
      }
      if (next == null) {
        if (end != null) {
          end.run();
        }
        return;
      }
      if (!flush(next, written)) {
        return;
      }
      written.run();
    }
  }

  private static void nothing() {}

  /** After a failed write the frames are torn: nothing more can be said. */
  private void fail(Throwable cause) {
    LOG.debug("a socket cannot be written to", cause);
    to.close(cause);
  }
}
