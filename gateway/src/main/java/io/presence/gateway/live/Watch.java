package io.presence.gateway.live;

import io.presence.schemas.query.Lookup;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One subscriber's view of one user: the privacy rule, record by record. All of it is guarded by
 * the lock of the subscriber.
 *
 * <p>While a snapshot is under way ({@link #ask}), changes are held; they are judged after it,
 * those with a higher version. What hides the user takes back whatever is queued and not sent yet.
 */
final class Watch extends Crowd.Watching {
  /** More are not held: a snapshot that is newer than all of them stands for them. */
  private static final int MAX_HELD = 64;

  final Subscriber subscriber;
  final String userId;
  final int partition;

  /** The snapshot under way; null if there is none. */
  @Nullable Ask ask;

  boolean dropped;

  /** Whether what was sent last shows the user. */
  boolean told;

  /** Whether what was queued last shows the user. */
  private boolean shown;

  private Contact contact = Contact.UNKNOWN;
  private long version;

  /** A snapshot older than this is not believed. */
  private long required;

  private @Nullable List<Change> held;

  Watch(Subscriber subscriber, String userId, int partition) {
    this.subscriber = subscriber;
    this.userId = userId;
    this.partition = partition;
  }

  /**
   * Takes a change.
   *
   * @return whether it cannot be judged before the user's presence is asked for again
   */
  boolean change(Change change, @Nullable String requester, Outbox outbox) {
    if (ask != null) {
      hold(change);
      // What is newer than this is known already if the feed is behind.
      if (change.version() <= version) {
        return false;
      }
      if (change.unknown() || !change.visibility().permits(requester, userId, false)) {
        waitToKnow(outbox);
      }
      return false;
    }
    return change.version() > version && judge(change, requester, outbox);
  }

  /**
   * What was known before that version is not to be judged by any more, nor is a snapshot older
   * than that believed.
   *
   * @return whether a snapshot is needed that nobody has asked for
   */
  boolean require(long atLeast) {
    if (ask == null && version >= atLeast) {
      return false;
    }
    required = Math.max(required, atLeast);
    return ask == null;
  }

  /** Whether an answer is under way that will be announced. */
  boolean isAskedAloud() {
    return ask != null && ask.announced();
  }

  /**
   * Whether an answer is too old to be believed.
   *
   * @param overtaken whether another one may have been taken since it was asked for
   */
  boolean outdated(Lookup.Entry entry, boolean overtaken) {
    long newest = entry.stale() || overtaken ? Math.max(required, version) : required;
    return entry.version() < newest;
  }

  /**
   * Takes a snapshot, and then what was held meanwhile.
   *
   * @param into what the answer is announced in; null: as an update, if there is anything new
   * @return as {@link #change} says
   */
  boolean snapshot(
      Lookup.Entry entry,
      Outbox.@Nullable Snapshot into,
      @Nullable String requester,
      Outbox outbox) {
    List<Change> later = held == null ? List.of() : held;
    boolean news = !shown || hasNews(entry.version(), later, requester);
    ask = null;
    held = null;
    required = 0;
    version = entry.version();
    contact = Contact.of(entry.contact());
    byte[] presence = entry.presence();
    if (presence == null) {
      Change last = lastUpTo(version, later);
      hide(
          last == null
              ? Message.hidden(userId, null, null, version, version)
              : last.hiddenAt(version),
          outbox);
    } else if (into != null) {
      var unused = outbox.takeBack(this);
      into.add(this, presence);
      shown = true;
    } else if (news) {
      show(Message.update(presence), outbox);
    }
    for (int i = 0; i < later.size(); i++) {
      Change change = later.get(i);
      if (change.version() > version && judge(change, requester, outbox)) {
        // The rest waits with it.
        held = new ArrayList<>(later.subList(i, later.size()));
        return true;
      }
    }
    return false;
  }

  private boolean judge(Change change, @Nullable String requester, Outbox outbox) {
    Contact now = change.contact(requester, contact);
    boolean visible;
    if (change.unknown()) {
      visible = false;
    } else if (now == Contact.UNKNOWN
        && change.visibility().permits(requester, userId, true)
        && !change.visibility().permits(requester, userId, false)) {
      hold(change);
      required = change.version();
      waitToKnow(outbox);
      return true;
    } else {
      visible = change.visibility().permits(requester, userId, now == Contact.YES);
    }
    contact = now;
    version = change.version();
    if (!visible) {
      hide(change.hidden(), outbox);
    } else if (!shown || change.isNewsTo(requester)) {
      show(change.update(), outbox);
    }
    return false;
  }

  private void show(Message update, Outbox outbox) {
    outbox.update(this, update, true);
    shown = true;
  }

  private void hide(Message last, Outbox outbox) {
    var unused = outbox.takeBack(this);
    shown = false;
    if (told) {
      outbox.update(this, last, false);
    }
  }

  /** Nothing that waits is sent before it is known who may see; if something did, that is news. */
  private void waitToKnow(Outbox outbox) {
    shown &= !outbox.takeBack(this);
  }

  private void hold(Change change) {
    if (held == null) {
      held = new ArrayList<>(2);
    } else if (held.size() == MAX_HELD) {
      required = Math.max(required, held.getLast().version());
      held.clear();
    }
    held.add(change);
  }

  /** Whether something changed up to {@code upTo} for one who saw the user all along. */
  private boolean hasNews(long upTo, List<Change> changes, @Nullable String requester) {
    if (upTo == version) {
      return false;
    }
    long known = 0;
    for (Change change : changes) {
      if (change.version() <= upTo) {
        if (change.isNewsTo(requester)) {
          return true;
        }
        known = change.version();
      }
    }
    return known != upTo;
  }

  private static @Nullable Change lastUpTo(long version, List<Change> changes) {
    Change last = null;
    for (Change change : changes) {
      if (change.version() <= version) {
        last = change;
      }
    }
    return last;
  }
}
