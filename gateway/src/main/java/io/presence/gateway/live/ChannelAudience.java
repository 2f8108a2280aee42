package io.presence.gateway.live;

import io.presence.gateway.lookup.MemberList;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * All who follow one channel. Newcomers wait for a list of its members, one list for all who wait
 * at a time; what changes meanwhile is held, and told after it. Where there are many, changes are
 * gathered for a while. In a document, the last cursor of each member is kept.
 */
final class ChannelAudience {
  /** Between two writes of cursors to the same socket. */
  static final Duration CURSOR_SPACING = Duration.ofMillis(40);

  /** A list that is asked for. */
  final class Load {
    private final Set<ChannelWatch> waiting = new LinkedHashSet<>();
    private ChangeWindow held = new ChangeWindow();
    private boolean open = true;

    /** Whether it has to be asked for anew, since something may have been missed. */
    private boolean spoiled;

    /** What is older than this is not believed. */
    private long required;

    private int attempt;

    ChannelAudience audience() {
      return ChannelAudience.this;
    }

    int attempt() {
      return attempt;
    }
  }

  private final ChannelFanout fanout;
  private final String channelId;
  private final Crowd<ChannelWatch> crowd = new Crowd<>();

  /** The newest version that was read, and how many changes were. */
  private long version;

  private long place;

  private @Nullable Load load;
  private Set<ChannelWatch> next = new LinkedHashSet<>(0);

  /** What is gathered, and whether it will be told without another word. */
  private ChangeWindow window = new ChangeWindow();

  private boolean windowDue;

  private final boolean document;
  private final LastCursors cursors;

  /** Since when each member of the document is here; null before that is known. */
  private @Nullable Map<String, Long> members;

  /** The list that says so, as long as changes may be read that are older than it. */
  private @Nullable MemberList ahead;

  /** The cursors that are to be sent, when some were sent last, and whether some will be. */
  private Map<String, Cursor> movedCursors = new LinkedHashMap<>(0);

  private long cursorsSent;
  private boolean cursorsDue;

  /**
   * @param cursors the last ones, if it is a document
   */
  ChannelAudience(ChannelFanout fanout, String channelId, LastCursors cursors) {
    this.fanout = fanout;
    this.channelId = channelId;
    this.document = channelId.startsWith(Cursor.DOCUMENT);
    this.cursors = cursors;
    this.cursorsSent = fanout.nanos() - CURSOR_SPACING.toNanos();
  }

  String channelId() {
    return channelId;
  }

  /** The last cursors, for when nobody follows any more. */
  LastCursors cursors() {
    return cursors;
  }

  synchronized void add(ChannelWatch watch) {
    crowd.add(watch);
  }

  /** Removes one that is among them. Returns whether nobody is left. */
  synchronized boolean remove(ChannelWatch watch) {
    next.remove(watch);
    if (load != null) {
      load.waiting.remove(watch);
    }
    return crowd.remove(watch);
  }

  /** From now on one of them is told nothing before a new list. */
  synchronized void ask(ChannelWatch watch) {
    watch.waiting = true;
    if (load == null) {
      begin(Set.of(watch), true);
    } else if (load.open) {
      load.waiting.add(watch);
    } else {
      next.add(watch);
    }
  }

  /**
   * Something may have been missed: all are told anew.
   *
   * @param gap whether that is to be said
   */
  synchronized void resync(boolean gap, List<Subscriber> ready) {
    if (load != null) {
      load.spoiled = true;
    }
    Set<ChannelWatch> told = new LinkedHashSet<>();
    crowd.forEach(
        watch -> {
          if (gap && watch.subscriber.gap(watch)) {
            ready.add(watch.subscriber);
          }
          if (!watch.waiting) {
            watch.waiting = true;
            told.add(watch);
          }
        });
    if (load == null) {
      begin(told, false);
    } else {
      next.addAll(told);
    }
  }

  /** Takes changes, in their order; those with something to send are added to {@code ready}. */
  synchronized void take(List<MemberChange> changes, List<Subscriber> ready) {
    if (crowd.size() == 0) {
      // What it remembers is no longer its own.
      return;
    }
    for (MemberChange change : changes) {
      change.place = ++place;
      version = Math.max(version, change.version());
      if (load != null) {
        load.held.add(change);
        if (load.held.full()) {
          load.spoiled = true;
          load.held = new ChangeWindow();
        }
      }
      if (members != null && !isOld(change)) {
        follow(members, change);
      }
      if (change.lost()) {
        lost(change.userId());
      }
      if (!window.isEmpty() || crowd.size() > fanout.gatherAbove()) {
        gather(change, ready);
      } else {
        tell(change, ready);
      }
    }
  }

  /** What is gathered is told. */
  void windowDue() {
    List<Subscriber> ready = new ArrayList<>();
    synchronized (this) {
      windowDue = false;
      tellWindow(ready);
    }
    fanout.flush(ready);
  }

  /** Someone's cursor has moved. */
  synchronized void take(Cursor cursor) {
    if (crowd.size() > 0) {
      cursors.put(cursor);
      moved(cursor.userId());
    }
  }

  /** Sends the cursors that have moved, unless some were sent just now: then a little later. */
  void sendCursors() {
    List<Subscriber> ready = new ArrayList<>();
    synchronized (this) {
      sendCursors(ready);
    }
    fanout.flush(ready);
  }

  /**
   * A list is about to be asked for.
   *
   * @return whether there is anyone who waits for it
   */
  synchronized boolean begins(Load begun) {
    if (load != begun) {
      return false;
    }
    if (begun.waiting.isEmpty()) {
      end();
      return false;
    }
    begun.held = new ChangeWindow();
    begun.spoiled = false;
    begun.open = true;
    begun.required = version;
    return true;
  }

  /** Those who wait for a list, none of whom will be added: as whom they see. */
  synchronized Set<String> requesters(Load loaded) {
    loaded.open = false;
    Set<String> requesters = new HashSet<>();
    for (ChannelWatch watch : loaded.waiting) {
      String requester = watch.subscriber.requester();
      if (requester != null) {
        requesters.add(requester);
      }
    }
    return requesters;
  }

  /** No list could be had: it is asked for again. */
  synchronized void failed(Load failed) {
    if (load == failed) {
      again(failed);
    }
  }

  /**
   * A list has come.
   *
   * @param seen whose last seen is shown, to a stranger, and to each requester who sees more
   */
  synchronized void loaded(
      Load loaded,
      MemberList list,
      BitSet seen,
      Map<String, BitSet> seenBy,
      List<Subscriber> ready) {
    if (load != loaded) {
      return;
    }
    if (loaded.waiting.isEmpty()) {
      end();
      return;
    }
    boolean known = list.oldest() > 0 || list.stale();
    boolean outdated = known && list.oldest() < loaded.required;
    if (loaded.spoiled || (outdated && !Snapshots.isHopeless(loaded.attempt))) {
      again(loaded);
      return;
    }
    if (document) {
      members = members(list, loaded.held);
      ahead = list.newest() > version ? list : null;
      movedCursors.keySet().retainAll(members.keySet());
    }
    ChangeWindow held = loaded.held;
    int count = held.version() > list.newest() ? held.count() : list.count();
    for (ChannelWatch watch : loaded.waiting) {
      String requester = watch.subscriber.requester();
      BitSet bits = requester == null ? seen : seenBy.getOrDefault(requester, seen);
      if (watch.subscriber.members(watch, new MembersMessage(channelId, list, bits, count))) {
        ready.add(watch.subscriber);
      }
      watch.snapshot(list, version, place);
      for (ChangeWindow.Passage passage : held.passages()) {
        tellHeld(watch, list, passage, count, ready);
      }
      sendAllCursors(watch, ready);
    }
    if (list.stale()) {
      List<ChannelWatch> again = List.copyOf(loaded.waiting);
      fanout.later(loaded.attempt + 1, () -> askAgain(again));
    }
    end();
  }

  private void tellHeld(
      ChannelWatch watch,
      MemberList list,
      ChangeWindow.Passage passage,
      int count,
      List<Subscriber> ready) {
    long known = list.versionOf(passage.last().userId());
    boolean unknown = passage.first().version() > known;
    if (passage.last().version() > known && !(passage.cameAndWent() && unknown)) {
      send(watch, passage.last(), passage.message(count), ready);
    }
  }

  /** They are told anew, if they are still there: what they were told may be old. */
  private synchronized void askAgain(List<ChannelWatch> watches) {
    Set<ChannelWatch> there = new HashSet<>();
    crowd.forEach(there::add);
    for (ChannelWatch watch : watches) {
      if (there.contains(watch) && !watch.waiting) {
        ask(watch);
      }
    }
  }

  private void begin(Set<ChannelWatch> watches, boolean first) {
    if (watches.isEmpty()) {
      return;
    }
    Load begun = new Load();
    begun.waiting.addAll(watches);
    load = begun;
    fanout.load(begun, first);
  }

  private void again(Load load) {
    load.attempt++;
    load.open = true;
    fanout.later(load.attempt, () -> fanout.load(load, false));
  }

  private void end() {
    Set<ChannelWatch> waiting = next;
    load = null;
    next = new LinkedHashSet<>(0);
    begin(waiting, true);
  }

  private void tell(MemberChange change, List<Subscriber> ready) {
    crowd.forEach(
        watch -> {
          Message message = watch.take(change);
          if (message != null) {
            send(watch, change, message, ready);
          }
        });
    if (document && change.joined()) {
      moved(change.userId());
      sendCursors(ready);
    }
  }

  private void gather(MemberChange change, List<Subscriber> ready) {
    window.add(change);
    if (window.full()) {
      tellWindow(ready);
    } else if (!windowDue) {
      windowDue = true;
      fanout.after(fanout.gather(), this::windowDue);
    }
  }

  private void tellWindow(List<Subscriber> ready) {
    ChangeWindow told = window;
    window = new ChangeWindow();
    crowd.forEach(
        watch -> {
          for (ChangeWindow.Passage passage : told.passages()) {
            Message message = watch.take(told, passage);
            if (message != null) {
              send(watch, passage.last(), message, ready);
            }
          }
          watch.took(told, place);
        });
    if (document) {
      told.passages().forEach(passage -> moved(passage.last().userId()));
      sendCursors(ready);
    }
  }

  private static void send(
      ChannelWatch watch, MemberChange change, Message message, List<Subscriber> ready) {
    switch (watch.subscriber.memberChange(watch, change, message)) {
      case QUEUED -> {}
      case DUE -> ready.add(watch.subscriber);
      // It asks anew once it has sent what it has.
      case OVERRUN -> watch.waiting = true;
    }
  }

  private void lost(String userId) {
    crowd.forEach(
        watch -> {
          if (watch.self != null && watch.self.userId().equals(userId)) {
            watch.self.lost(channelId);
          }
        });
  }

  /** Keeps account of the members of a document: a cursor ends with its member. */
  private void follow(Map<String, Long> here, MemberChange change) {
    String userId = change.userId();
    if (change.left()) {
      here.remove(userId);
      cursors.remove(userId);
      movedCursors.remove(userId);
    } else {
      here.put(userId, change.joinedAt());
    }
  }

  private boolean isOld(MemberChange change) {
    if (ahead != null && change.version() > ahead.newest()) {
      ahead = null;
    }
    return ahead != null && change.version() <= ahead.versionOf(change.userId());
  }

  private Map<String, Long> members(MemberList list, ChangeWindow held) {
    Map<String, Long> here = new HashMap<>();
    for (int i = 0; i < list.size(); i++) {
      here.put(list.userId(i), list.joinedAt(i));
    }
    for (ChangeWindow.Passage passage : held.passages()) {
      MemberChange last = passage.last();
      if (last.version() > list.versionOf(last.userId())) {
        follow(here, last);
      }
    }
    return here;
  }

  /** The last cursor of a user is to be sent, if the user is here, and shown to be. */
  private void moved(String userId) {
    Cursor cursor = cursorOf(userId);
    if (cursor != null && window.of(userId) == null) {
      movedCursors.put(userId, cursor);
    }
  }

  private @Nullable Cursor cursorOf(String userId) {
    Cursor cursor = cursors.get(userId);
    Long since = members == null ? null : members.get(userId);
    return cursor != null && since != null && cursor.isOf(since) ? cursor : null;
  }

  private void sendAllCursors(ChannelWatch watch, List<Subscriber> ready) {
    if (!document || cursors.isEmpty()) {
      return;
    }
    List<Cursor> all = new ArrayList<>();
    for (Cursor cursor : cursors.all()) {
      if (cursorOf(cursor.userId()) != null) {
        all.add(cursor);
      }
    }
    if (watch.subscriber.cursors(watch, all)) {
      ready.add(watch.subscriber);
    }
  }

  private void sendCursors(List<Subscriber> ready) {
    if (movedCursors.isEmpty()) {
      return;
    }
    long wait = cursorsSent + CURSOR_SPACING.toNanos() - fanout.nanos();
    if (wait > 0) {
      if (!cursorsDue) {
        cursorsDue = true;
        fanout.after(Duration.ofNanos(wait + TimeUnit.MILLISECONDS.toNanos(1)), this::cursorsDue);
      }
      return;
    }
    Map<String, Cursor> sent = movedCursors;
    movedCursors = new LinkedHashMap<>();
    cursorsSent = fanout.nanos();
    crowd.forEach(
        watch -> {
          if (!watch.waiting && watch.subscriber.cursors(watch, sent.values())) {
            ready.add(watch.subscriber);
          }
        });
  }

  private void cursorsDue() {
    synchronized (this) {
      cursorsDue = false;
    }
    sendCursors();
  }
}
