package io.presence.gateway.socket;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.gateway.auth.ForbiddenException;
import io.presence.gateway.auth.Identity;
import io.presence.gateway.limit.TokenBucket;
import io.presence.gateway.limit.TooManyRequestsException;
import io.presence.gateway.live.Batch;
import io.presence.gateway.live.Message;
import io.presence.gateway.live.Sink;
import io.presence.gateway.live.Subscriber;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Json;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.FrameHandler;
import org.eclipse.jetty.websocket.core.OpCode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One socket: text frames in and out. One message is read at a time, and none while too much waits
 * to be sent.
 */
final class Socket implements FrameHandler, Sink, Connection {
  /** The most bytes of a message that a client sends: 1,000 ids, and room. */
  static final int MAX_MESSAGE_BYTES = 256 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(Socket.class);

  /** So many pings without an answer, and it is lost. */
  private static final int MISSED_PINGS = 2;

  /** What it costs to be told who is in a channel, in lookups. */
  private static final int CHANNEL_LOOKUPS = 100;

  /** How many cursors a second are free. */
  private static final int CURSOR_RATE = 60;

  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  private final Sockets sockets;
  private final Identity identity;
  private final Subscriber subscriber;
  private final TokenBucket messages;
  private final TokenBucket cursors;
  private final String sessionId;
  private final @Nullable PresenceSession presence;
  private final ChannelSession channels;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final FrameWriter writer;
  private volatile @Nullable CoreSession session;

  /** What came of a message so far; for the one who reads. */
  private @Nullable ByteArrayOutputStream partial;

  /** Whether no more is read until what waits is sent. */
  private final AtomicBoolean paused = new AtomicBoolean();

  /** Whether anything came since the last ping, and how many pings went without an answer. */
  private volatile boolean heard = true;

  private int missed;

  /**
   * @param requester as whom it sees; null: a stranger
   * @param network where its bytes go
   */
  Socket(Sockets sockets, Identity identity, @Nullable String requester, EndPoint network) {
    this.sockets = sockets;
    this.identity = identity;
    this.writer = new FrameWriter(network);
    this.subscriber = sockets.fanout().subscriber(requester, this);
    this.messages = new TokenBucket(sockets.rules().messageRate(), sockets.clock());
    this.cursors = new TokenBucket(CURSOR_RATE, sockets.clock());
    this.sessionId = sockets.newSessionId();
    String userId = identity.userId();
    this.channels = new ChannelSession(sockets, subscriber, userId, sessionId);
    this.presence =
        userId == null
            ? null
            : new PresenceSession(
                userId, sessionId, sockets.events(), sockets.clock(), sockets.rules().awayAfter());
  }

  @Override
  public @Nullable String owner() {
    return identity.userId();
  }

  @Override
  public void onOpen(CoreSession opened, Callback callback) {
    session = opened;
    callback.succeeded();
    ObjectNode welcome = Json.MAPPER.createObjectNode();
    welcome.put("session_id", sessionId);
    welcome.put("server_time", Message.seconds(Instant.now().toEpochMilli()));
    welcome.put(
        "heartbeat_interval", Message.seconds(sockets.rules().heartbeatInterval().toMillis()));
    welcome.put("away_after", Message.seconds(sockets.rules().awayAfter().toMillis()));
    subscriber.send(Message.of("welcome", welcome));
    sockets.opened(this);
    opened.demand();
  }

  @Override
  public void onFrame(Frame frame, Callback callback) {
    heard = true;
    try {
      switch (frame.getOpCode()) {
        case OpCode.TEXT, OpCode.CONTINUATION -> receive(frame);
        case OpCode.BINARY -> close(Close.BINARY);
        case OpCode.PING -> answerPing(frame);
        default -> {}
      }
    } catch (RuntimeException e) {
      LOG.error("a message could not be taken", e);
      close(Close.FAILED);
    }
    if (frame.getOpCode() == OpCode.CLOSE) {
      // Jetty answers it: not into the middle of a frame of ours.
      writer.finish(callback::succeeded);
      return;
    }
    callback.succeeded();
    CoreSession from = session;
    if (from == null) {
      return;
    }
    if (subscriber.full()) {
      paused.set(true);
      // It may have been sent in the meantime.
      if (subscriber.full() || !paused.compareAndSet(true, false)) {
        return;
      }
    }
    from.demand();
  }

  @Override
  public void onError(Throwable cause, Callback callback) {
    LOG.debug("a socket failed", cause);
    // It may be closed by Jetty, then, and nothing follows a close.
    writer.finish(() -> {});
    callback.succeeded();
  }

  @Override
  public void onClosed(CloseStatus status, Callback callback) {
    closing.set(true);
    boolean goodbye = status.getCode() == Close.NORMAL || status.getCode() == Close.NO_CODE;
    end(goodbye ? null : sockets.rules().reconnectGrace());
    sockets.closed(this);
    callback.succeeded();
  }

  @Override
  public boolean send(Batch batch, Runnable written) {
    return writer.write(batch.frames(), written);
  }

  @Override
  public void drained() {
    CoreSession from = session;
    if (from != null && paused.get() && paused.compareAndSet(true, false)) {
      from.demand();
    }
  }

  @Override
  public void beat(long nanos) {
    CoreSession to = session;
    if (to == null || closing.get()) {
      return;
    }
    Instant until = identity.validUntil();
    if (until != null && Instant.now().isAfter(until)) {
      close(Close.EXPIRED);
      return;
    }
    if (subscriber.stuckNanos(nanos)
        > sockets.rules().pingInterval().multipliedBy(MISSED_PINGS).toNanos()) {
      close(Close.TOO_SLOW);
      return;
    }
    if (heard) {
      heard = false;
      missed = 0;
      if (presence != null) {
        presence.alive();
        if (presence.hasUnwritten()) {
          sockets.execute(presence::repeat);
        }
      }
      channels.alive();
      if (channels.hasUnwritten()) {
        sockets.execute(channels::repeat);
      }
    } else if (++missed >= MISSED_PINGS) {
      LOG.debug("a socket answers no more");
      closing.set(true);
      end(sockets.rules().reconnectGrace());
      abort(to);
      return;
    }
    writer.ping();
  }

  @Override
  public void drain(Duration retryAfter) {
    close(
        new Close(Close.GOING_AWAY, "retry_after=" + Message.seconds(retryAfter.toMillis())),
        sockets.rules().heartbeatTtl());
  }

  void close(Close why) {
    close(why, sockets.rules().reconnectGrace());
  }

  private void close(Close why, Duration grace) {
    CoreSession from = session;
    if (from == null || !closing.compareAndSet(false, true)) {
      return;
    }
    LOG.debug("closing a socket: {}", why);
    end(grace);
    writer.finish(() -> from.close(why.code(), why.reason(), Callback.NOOP));
    sockets.executeLater(CLOSE_PATIENCE, () -> abort(from));
  }

  private void end(@Nullable Duration grace) {
    if (presence != null) {
      presence.end(grace);
    }
    channels.end(grace);
    subscriber.close();
  }

  private void abort(CoreSession from) {
    from.abort();
    sockets.closed(this);
  }

  private void answerPing(Frame frame) {
    if (takeMessage()) {
      writer.pong(frame.getPayload());
    }
  }

  private void receive(Frame frame) {
    ByteBuffer payload = frame.getPayload();
    int length = frame.getPayloadLength();
    if (frame.isFin() && partial == null) {
      byte[] message = new byte[length];
      payload.get(message);
      receive(message);
      return;
    }
    if (partial == null) {
      partial = new ByteArrayOutputStream();
    }
    if (partial.size() + length > MAX_MESSAGE_BYTES) {
      partial = null;
      close(Close.TOO_LARGE);
      return;
    }
    byte[] part = new byte[length];
    payload.get(part);
    partial.writeBytes(part);
    if (frame.isFin()) {
      byte[] message = partial.toByteArray();
      partial = null;
      receive(message);
    }
  }

  private void receive(byte[] json) {
    if (closing.get()) {
      return;
    }
    if (!isUtf8(json)) {
      close(Close.NOT_UTF8);
      return;
    }
    String type = null;
    boolean taken = false;
    try {
      JsonNode object = ClientMessage.parse(json);
      type = ClientMessage.type(object);
      taken = true;
      if (!takeMessage(type)) {
        return;
      }
      handle(ClientMessage.read(object), type == null ? "" : type);
    } catch (InvalidJsonException e) {
      if (taken || takeMessage()) {
        error("invalid_message", String.valueOf(e.getMessage()), type);
      }
    } catch (ForbiddenException e) {
      error("forbidden", String.valueOf(e.getMessage()), type);
    } catch (TooManyRequestsException e) {
      ObjectNode error = error(String.valueOf(e.getMessage()), type);
      error.put("code", "rate_limited");
      error.put("retry_after", Message.seconds(e.retryAfter().toMillis() + 1));
      subscriber.send(Message.of("error", error));
    }
  }

  private void handle(ClientMessage message, String type)
      throws TooManyRequestsException, ForbiddenException, InvalidJsonException {
    switch (message) {
      case ClientMessage.Subscribe subscribe -> {
        sockets.limits().lookups(identity, subscribe.userIds().size());
        if (!subscriber.subscribe(subscribe.userIds())) {
          error(
              "too_many_subscriptions",
              "a socket watches " + Subscriber.MAX_WATCHED + " users at most; none was added",
              type);
        }
      }
      case ClientMessage.Unsubscribe unsubscribe -> subscriber.unsubscribe(unsubscribe.userIds());
      case ClientMessage.Unknown unknown ->
          error("unknown_type", "there is no such type of message", type);
      case ClientMessage.SetOnline online -> {
        PresenceSession own = own(type);
        if (own != null) {
          sockets.limits().writes(identity, 1);
          report(own.setOnline(online), type);
        }
      }
      case ClientMessage.Heartbeat heartbeat -> {
        PresenceSession own = own(type);
        if (own != null) {
          sockets.limits().heartbeats(identity, 1);
          report(own.heartbeat(heartbeat), type);
        }
      }
      case ClientMessage.StatusSet status -> {
        PresenceSession own = own(type);
        if (own != null) {
          sockets.limits().writes(identity, 1);
          CompletableFuture<Void> written = own.setStatus(status);
          if (written == null) {
            error("not_online", "away is for a session that is online: say set_online first", type);
          } else {
            report(written, type);
          }
        }
      }
      case ClientMessage.SetOffline offline -> {
        PresenceSession own = own(type);
        if (own != null) {
          sockets.limits().writes(identity, 1);
          report(own.setOffline(), type);
        }
      }
      case ClientMessage.JoinChannel join -> {
        if (own(type) != null) {
          startIn(join.channelId());
          reportJoin(channels.join(join.channelId(), join.metadata(), join.hidden()), type);
        }
      }
      case ClientMessage.OpenDocument open -> {
        if (own(type) != null) {
          startIn(open.channelId());
          reportJoin(channels.join(open.channelId(), open.mode()), type);
          if (open.cursor() != null) {
            var unused = channels.moveCursor(open.channelId(), open.cursor());
          }
        }
      }
      case ClientMessage.UpdateChannel update -> {
        if (own(type) != null) {
          identity.checkWrites(update.channelId());
          sockets.limits().writes(identity, 1);
          CompletableFuture<Void> written = channels.update(update.channelId(), update.metadata());
          if (written == null) {
            notMember(type);
          } else {
            report(written, type);
          }
        }
      }
      case ClientMessage.LeaveChannel leave -> {
        if (own(type) != null) {
          sockets.limits().writes(identity, 1);
          report(channels.leave(leave.channelId()), type);
        }
      }
      case ClientMessage.WatchChannel watch -> {
        identity.checkReads(watch.channelId());
        sockets.limits().lookups(identity, CHANNEL_LOOKUPS);
        if (!channels.watch(watch.channelId())) {
          tooManyChannels(type);
        }
      }
      case ClientMessage.UnwatchChannel unwatch -> channels.unwatch(unwatch.channelId());
      case ClientMessage.UpdateCursor move -> {
        if (own(type) != null && !channels.moveCursor(move.channelId(), move.cursor())) {
          notMember(type);
        }
      }
    }
  }

  /** May the user be in a channel, and see who else is? */
  private void startIn(String channelId) throws ForbiddenException, TooManyRequestsException {
    identity.checkWrites(channelId);
    sockets.limits().writes(identity, 1);
    sockets.limits().lookups(identity, CHANNEL_LOOKUPS);
  }

  private void reportJoin(@Nullable CompletableFuture<Void> written, String type) {
    if (written == null) {
      tooManyChannels(type);
    } else {
      report(written, type);
    }
  }

  private void tooManyChannels(String type) {
    error(
        "too_many_channels",
        "a socket is in, or follows, " + sockets.rules().channels() + " channels at most",
        type);
  }

  private void notMember(String type) {
    error("not_a_member", "this is for one who has joined over this socket", type);
  }

  /** The caller's own presence; null, and an error is said, if it is no user. */
  private @Nullable PresenceSession own(String type) {
    if (presence == null) {
      error("no_user", "the caller is no user, and has no presence", type);
    }
    return presence;
  }

  private void report(CompletableFuture<Void> written, String type) {
    var unused =
        written.whenComplete(
            (done, failure) -> {
              if (failure != null) {
                LOG.warn("an event was not acknowledged: {}", failure.toString());
                error("unavailable", "Kafka has not acknowledged the event", type);
              }
            });
  }

  /** Cursors are free, so many of them: they come by themselves, and only the newest counts. */
  private boolean takeMessage(@Nullable String type) {
    return (ClientMessage.UPDATE_CURSOR.equals(type) && cursors.take(1).isZero()) || takeMessage();
  }

  private boolean takeMessage() {
    boolean taken = messages.take(1).isZero();
    if (!taken) {
      close(Close.TOO_MANY_MESSAGES);
    }
    return taken;
  }

  private void error(String code, String message, @Nullable String type) {
    subscriber.send(Message.of("error", error(message, type).put("code", code)));
  }

  private static ObjectNode error(String message, @Nullable String type) {
    ObjectNode error = Json.MAPPER.createObjectNode().put("message", message);
    if (type != null) {
      error.put("of", type.length() <= 64 ? type : type.substring(0, 64));
    }
    return error;
  }

  private static boolean isUtf8(byte[] text) {
    try {
      var unused = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
