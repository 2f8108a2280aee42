package io.presence.gateway.live;

import io.presence.schemas.query.Lookup;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Someone who watches users: what they may see, what waits to be sent to them. Safe for any number
 * of threads; none is ever held up by the other end.
 */
public final class Subscriber {
  /** How many users one subscriber may watch. */
  public static final int MAX_WATCHED = 5_000;

  /** About how many bytes go out in one write. */
  private static final int WRITE_BYTES = 64 * 1024;

  /** How many users one snapshot is of, at most. */
  private static final int MAX_ASKED = 1_000;

  private final Fanout fanout;
  private final @Nullable String requester;
  private final Sink sink;

  /**
   * Held while it changes who is watched. Those who tell of a change hold the audience and then
   * {@link #lock}, never this: so it may be held while an audience is changed, which that one may
   * not.
   */
  private final ReentrantLock membership = new ReentrantLock();

  /** Guards all that follows. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<String, Watch> watches = new HashMap<>(4);
  private final Map<String, ChannelWatch> channels = new HashMap<>(0);

  /** The channels of which too much waited: they are asked for anew when all else is sent. */
  private final Set<ChannelWatch> overrun = new LinkedHashSet<>(0);

  private final Outbox outbox = new Outbox();

  /** Whether a write is due: someone is about to call {@link #flush}. */
  private boolean due;

  private boolean writing;
  private long writingSince;
  private boolean closed;

  Subscriber(Fanout fanout, @Nullable String requester, Sink sink) {
    this.fanout = fanout;
    this.requester = requester;
    this.sink = sink;
  }

  @Nullable String requester() {
    return requester;
  }

  /**
   * Watches users from now on, those that are watched already, too: a snapshot of all of them is
   * sent, and every change from then on.
   *
   * @return false if they would be too many: then none is taken
   */
  public boolean subscribe(Set<String> userIds) {
    List<Watch> asked = new ArrayList<>(userIds.size());
    List<Watch> added = new ArrayList<>(userIds.size());
    membership.lock();
    try {
      List<Ask> asks;
      lock.lock();
      try {
        long others = userIds.stream().filter(id -> !watches.containsKey(id)).count();
        if (closed || watches.size() + others > MAX_WATCHED) {
          return closed;
        }
        for (String userId : userIds) {
          Watch watch = watches.get(userId);
          if (watch == null) {
            watch = new Watch(this, userId, fanout.partitionOf(userId));
            watches.put(userId, watch);
            added.add(watch);
          }
          asked.add(watch);
        }
        asks = ask(asked, true, 0);
      } finally {
        lock.unlock();
      }
      fanout.add(this);
      // First this: what is not in the answer must come as a change.
      added.forEach(fanout::add);
      asks.forEach(fanout::ask);
      return true;
    } finally {
      membership.unlock();
    }
  }

  /** Watches users no more. */
  public void unsubscribe(Collection<String> userIds) {
    List<Watch> removed = new ArrayList<>(userIds.size());
    membership.lock();
    try {
      lock.lock();
      try {
        for (String userId : userIds) {
          Watch watch = watches.remove(userId);
          if (watch != null) {
            watch.dropped = true;
            outbox.takeBack(watch);
            removed.add(watch);
          }
        }
      } finally {
        lock.unlock();
      }
      removed.forEach(fanout::remove);
    } finally {
      membership.unlock();
    }
  }

  /**
   * Follows a channel from now on, or, if it is followed already, has it told anew: its members are
   * sent, and every change from then on.
   *
   * @param self the one behind the subscriber, who may be a member; null if it is no user
   */
  public void follow(ChannelFanout by, String channelId, @Nullable ChannelMember self) {
    membership.lock();
    try {
      ChannelWatch before;
      ChannelWatch watch = new ChannelWatch(by, this, channelId, self);
      lock.lock();
      try {
        if (closed) {
          return;
        }
        before = channels.putIfAbsent(channelId, watch);
      } finally {
        lock.unlock();
      }
      if (before == null) {
        fanout.add(this);
        by.add(watch);
      } else {
        by.ask(before);
      }
    } finally {
      membership.unlock();
    }
  }

  /** Follows a channel no more. */
  public void unfollow(String channelId) {
    membership.lock();
    try {
      ChannelWatch watch;
      lock.lock();
      try {
        watch = channels.remove(channelId);
        if (watch == null) {
          return;
        }
        watch.dropped = true;
        overrun.remove(watch);
        outbox.takeBack(watch, true);
      } finally {
        lock.unlock();
      }
      watch.fanout.remove(watch);
    } finally {
      membership.unlock();
    }
  }

  /** Sends something. */
  public void send(Message message) {
    lock.lock();
    try {
      outbox.add(message);
    } finally {
      lock.unlock();
    }
    flush();
  }

  /** Whether so much waits that nothing more should be asked for before it is sent. */
  public boolean full() {
    lock.lock();
    try {
      return outbox.full();
    } finally {
      lock.unlock();
    }
  }

  /** For how long the other end has taken nothing of what is being sent; 0 if all is sent. */
  public long stuckNanos(long now) {
    lock.lock();
    try {
      return writing ? now - writingSince : 0;
    } finally {
      lock.unlock();
    }
  }

  /** How many users are watched. */
  int watched() {
    lock.lock();
    try {
      return watches.size();
    } finally {
      lock.unlock();
    }
  }

  /** How many messages wait. */
  int queued() {
    lock.lock();
    try {
      return outbox.size();
    } finally {
      lock.unlock();
    }
  }

  /** Watches nobody, and sends nothing more. */
  public void close() {
    List<Watch> removed;
    List<ChannelWatch> unfollowed;
    membership.lock();
    try {
      lock.lock();
      try {
        closed = true;
        removed = List.copyOf(watches.values());
        removed.forEach(watch -> watch.dropped = true);
        watches.clear();
        unfollowed = List.copyOf(channels.values());
        unfollowed.forEach(watch -> watch.dropped = true);
        channels.clear();
        overrun.clear();
        outbox.clear();
      } finally {
        lock.unlock();
      }
      removed.forEach(fanout::remove);
      unfollowed.forEach(watch -> watch.fanout.remove(watch));
    } finally {
      membership.unlock();
    }
    fanout.remove(this);
  }

  /**
   * Takes changes of one user, in their order.
   *
   * @return whether the caller has to see to it that {@link #flush} is called
   */
  boolean change(Watch watch, List<Change> changes) {
    List<Ask> asks = List.of();
    boolean call;
    lock.lock();
    try {
      if (watch.dropped) {
        return false;
      }
      for (int i = 0; i < changes.size(); i++) {
        // Once asked for, the rest is held: so it is asked for once.
        if (watch.change(changes.get(i), requester, outbox)) {
          asks = ask(List.of(watch), false, 0);
        }
      }
      call = isDue();
    } finally {
      lock.unlock();
    }
    asks.forEach(fanout::ask);
    return call;
  }

  /** Something of a user was missed; see {@link Fanout#missed}. */
  void missed(Watch watch, long required) {
    List<Ask> asks = List.of();
    lock.lock();
    try {
      if (watch.dropped) {
        return;
      }
      if (watch.require(required)) {
        asks = ask(List.of(watch), false, 0);
      }
    } finally {
      lock.unlock();
    }
    asks.forEach(fanout::ask);
  }

  /** What became of something that a channel has to say. */
  enum Taken {
    /** It waits, and somebody sees to it. */
    QUEUED,
    /** It waits; the caller has to see to it that {@link #flush} is called. */
    DUE,
    /** Too much waits: nothing of the channel does any more, and it will be asked for anew. */
    OVERRUN
  }

  /** Takes what became of a member of a channel. */
  Taken memberChange(ChannelWatch watch, MemberChange change, Message message) {
    lock.lock();
    try {
      if (watch.dropped) {
        return Taken.QUEUED;
      }
      if (!outbox.member(watch, change, message)) {
        overrun.add(watch);
        return Taken.OVERRUN;
      }
      return isDue() ? Taken.DUE : Taken.QUEUED;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the members of a channel.
   *
   * @return whether the caller has to see to it that {@link #flush} is called
   */
  boolean members(ChannelWatch watch, MembersMessage members) {
    lock.lock();
    try {
      if (watch.dropped) {
        return false;
      }
      overrun.remove(watch);
      outbox.add(watch, members);
      return isDue();
    } finally {
      lock.unlock();
    }
  }

  /** Takes cursors of a document, but those that this very session has moved; as above. */
  boolean cursors(ChannelWatch watch, Collection<Cursor> cursors) {
    String own = watch.self == null ? null : watch.self.sessionId();
    lock.lock();
    try {
      if (watch.dropped) {
        return false;
      }
      for (Cursor cursor : cursors) {
        if (own == null || !own.equals(cursor.sessionId())) {
          outbox.cursor(watch, cursor.userId(), cursor.message());
        }
      }
      return isDue();
    } finally {
      lock.unlock();
    }
  }

  /** Takes it that something of a channel was missed; as above. */
  boolean gap(ChannelWatch watch) {
    lock.lock();
    try {
      if (watch.dropped) {
        return false;
      }
      outbox.addResync();
      return isDue();
    } finally {
      lock.unlock();
    }
  }

  /** Takes the answer to a question, or, for those that nobody could be asked for, none. */
  void answer(Ask ask, List<Lookup.Entry> entries) {
    List<Watch> unavailable = new ArrayList<>();
    List<Watch> stale = new ArrayList<>();
    List<Watch> unsure = new ArrayList<>();
    List<Ask> again;
    List<Ask> next;
    lock.lock();
    try {
      Outbox.Snapshot snapshot = null;
      if (ask.announced() && !closed) {
        snapshot = new Outbox.Snapshot();
        outbox.add(snapshot);
      }
      for (int i = 0; i < entries.size(); i++) {
        Watch watch = ask.watches().get(i);
        Lookup.Entry entry = entries.get(i);
        if (watch.dropped) {
          continue;
        }
        // It was asked anew in the meantime: whoever waits for this answer gets a whole one still.
        boolean overtaken = watch.ask != ask;
        if (overtaken && (snapshot == null || watch.isAskedAloud())) {
          if (snapshot != null) {
            snapshot.addUnavailable(watch.userId);
          }
          continue;
        }
        boolean notHere = entry.outcome() == Lookup.Outcome.NOT_HERE;
        if (notHere || (watch.outdated(entry, overtaken) && !Snapshots.isHopeless(ask.attempt()))) {
          unavailable.add(watch);
          if (snapshot != null && ask.attempt() == 0) {
            snapshot.addUnavailable(watch.userId);
          }
          continue;
        }
        if (watch.snapshot(entry, snapshot, requester, outbox)) {
          unsure.add(watch);
        } else if (entry.stale()) {
          stale.add(watch);
        }
      }
      // Nobody waits for an answer of nothing.
      boolean dropped = ask.watches().stream().allMatch(watch -> watch.dropped);
      if (snapshot != null && (ask.attempt() > 0 || dropped)) {
        outbox.removeIfEmpty(snapshot);
      }
      again = ask(unavailable, ask.announced(), ask.attempt() + 1);
      next = ask(unsure, false, 0);
    } finally {
      lock.unlock();
    }
    next.forEach(fanout::ask);
    again.forEach(fanout::askLater);
    if (!stale.isEmpty()) {
      fanout.later(ask.attempt() + 1, () -> askAgain(stale, ask.attempt() + 1));
    }
    flush();
  }

  /**
   * Asks anew for all users of some partitions, for something of them may have been missed.
   *
   * @param partitions by their numbers; null: all
   */
  void resync(@Nullable Set<Integer> partitions) {
    List<Ask> asks;
    lock.lock();
    try {
      List<Watch> concerned = new ArrayList<>();
      for (Watch watch : watches.values()) {
        if (partitions == null || partitions.contains(watch.partition)) {
          concerned.add(watch);
        }
      }
      if (concerned.isEmpty()) {
        return;
      }
      outbox.addResync();
      asks = ask(concerned, true, 0);
    } finally {
      lock.unlock();
    }
    asks.forEach(fanout::askCalmly);
    flush();
  }

  /** Sends what waits, unless a write is under way: then it goes after it. */
  private void flush() {
    var unused = flush(null);
  }

  /**
   * The same, and saves the work of joining bytes where many are due the same.
   *
   * @param before what was sent to someone else just now
   * @return what was sent last
   */
  @Nullable Batch flush(@Nullable Batch before) {
    Batch last = before;
    Batch next = next(before, false);
    while (next != null) {
      last = next;
      fanout.sent(next.messages().size());
      if (!sink.send(next, this::written)) {
        break;
      }
      next = next(last, true);
    }
    return last;
  }

  /**
   * Takes what is to be sent now; null if there is nothing, or it is not the time.
   *
   * @param written whether the write that was under way has ended
   */
  private @Nullable Batch next(@Nullable Batch before, boolean written) {
    List<Message> taken;
    lock.lock();
    try {
      due = false;
      writing &= !written;
      if (writing || closed) {
        return null;
      }
      taken = outbox.take(WRITE_BYTES);
      if (!taken.isEmpty()) {
        writing = true;
        writingSince = System.nanoTime();
      }
    } finally {
      lock.unlock();
    }
    if (taken.isEmpty()) {
      askForOverrun();
      if (written) {
        sink.drained();
      }
      return null;
    }
    return before != null && before.isOf(taken) ? before : new Batch(taken);
  }

  private void written() {
    boolean more;
    lock.lock();
    try {
      writing = false;
      more = !outbox.isEmpty();
      due |= more;
    } finally {
      lock.unlock();
    }
    if (more) {
      fanout.flushSoon(this);
    } else {
      askForOverrun();
      sink.drained();
    }
  }

  /** All is sent: now there is room for what was too much. */
  private void askForOverrun() {
    List<ChannelWatch> watches;
    lock.lock();
    try {
      if (overrun.isEmpty()) {
        return;
      }
      watches = List.copyOf(overrun);
      overrun.clear();
    } finally {
      lock.unlock();
    }
    watches.forEach(watch -> watch.fanout.ask(watch));
  }

  /** Whether a write is due, and nobody has seen to it yet; the lock is held. */
  private boolean isDue() {
    boolean call = !due && !writing && !outbox.isEmpty();
    due |= call;
    return call;
  }

  /** Asks the owner for what a standby answered. */
  private void askAgain(List<Watch> answered, int attempt) {
    List<Ask> asks;
    lock.lock();
    try {
      asks =
          ask(
              answered.stream().filter(watch -> !watch.dropped && watch.ask == null).toList(),
              false,
              attempt);
    } finally {
      lock.unlock();
    }
    asks.forEach(fanout::ask);
  }

  /** Holds the changes of these users until they are answered for. */
  private List<Ask> ask(List<Watch> asked, boolean announced, int attempt) {
    List<Ask> asks = new ArrayList<>(asked.size() / MAX_ASKED + 1);
    for (int from = 0; from < asked.size(); from += MAX_ASKED) {
      List<Watch> part = List.copyOf(asked.subList(from, Math.min(asked.size(), from + MAX_ASKED)));
      Ask ask = new Ask(this, part, announced, attempt);
      part.forEach(watch -> watch.ask = ask);
      asks.add(ask);
    }
    return asks;
  }
}
