package io.presence.gateway.live;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What waits to be sent to one subscriber. So long as there is little of it, all of it, in order;
 * from then on the newest of each user, and of each member of a channel. Guarded by the lock of the
 * subscriber.
 *
 * <p>It holds no more than {@link #MAX_QUEUED} updates, one more for each user that is watched,
 * {@link #MAX_NEWEST} of members, the newest cursor of each, the newest snapshot of each, and what
 * the subscriber was answered: that is for the one who reads its questions to bound, see {@link
 * #full()}.
 */
final class Outbox {
  /** How many wait in order. */
  static final int MAX_QUEUED = 256;

  /** How many members there may be of which the newest waits. */
  static final int MAX_NEWEST = 5_000;

  /** One that waits. */
  sealed interface Item {}

  private record Plain(Message message) implements Item {}

  private record Update(Watch watch, Message message, boolean shows) implements Item {}

  private record Member(ChannelWatch watch, Message message) implements Item {}

  private record Members(ChannelWatch watch, MembersMessage pages) implements Item {}

  private record MemberOf(ChannelWatch watch, String userId) {}

  /** Presences that were asked for; what is taken back of it is not in it when it is sent. */
  static final class Snapshot implements Item {
    private final Map<Watch, byte[]> presences = new LinkedHashMap<>();
    private final List<String> unavailable = new ArrayList<>();

    void add(Watch watch, byte[] presence) {
      presences.put(watch, presence);
    }

    void addUnavailable(String userId) {
      unavailable.add(userId);
    }

    private Message encode() {
      Map<String, byte[]> byId = LinkedHashMap.newLinkedHashMap(presences.size());
      presences.forEach(
          (watch, presence) -> {
            byId.put(watch.userId, presence);
            watch.told = true;
          });
      return Message.initial(byId, unavailable);
    }
  }

  private final Deque<Item> queue = new ArrayDeque<>(4);

  /** The newest of each user, once the queue was full, until it is empty. */
  private final Map<Watch, Update> newest = new LinkedHashMap<>(0);

  /** The newest of each member, once the queue was full, until it is empty. */
  private final Map<MemberOf, Message> newestMembers = new LinkedHashMap<>(0);

  /** The newest cursor of each member: what is sent last, and never in order. */
  private final Map<MemberOf, Message> cursors = new LinkedHashMap<>(0);

  boolean isEmpty() {
    return queue.isEmpty() && newest.isEmpty() && newestMembers.isEmpty() && cursors.isEmpty();
  }

  /** Whether nothing more should be asked for before some of it is sent. */
  boolean full() {
    return queue.size() >= MAX_QUEUED;
  }

  int size() {
    return queue.size() + newest.size() + newestMembers.size() + cursors.size();
  }

  void add(Message message) {
    queue.add(new Plain(message));
  }

  /** Says that there is a gap, unless that is what is said next anyway. */
  void addResync() {
    if (!(queue.peekLast() instanceof Plain plain && plain.message.equals(Message.RESYNC))) {
      add(Message.RESYNC);
    }
  }

  void add(Snapshot snapshot) {
    queue.add(snapshot);
  }

  /** Takes out a snapshot that turned out to hold nothing. */
  void removeIfEmpty(Snapshot snapshot) {
    if (snapshot.presences.isEmpty() && snapshot.unavailable.isEmpty()) {
      queue.removeLastOccurrence(snapshot);
    }
  }

  void clear() {
    queue.clear();
    newest.clear();
    newestMembers.clear();
    cursors.clear();
  }

  /**
   * Adds an update, in its place or in that of an older one.
   *
   * @param shows whether it shows the user
   */
  void update(Watch watch, Message message, boolean shows) {
    Update update = new Update(watch, message, shows);
    if (newest.isEmpty() && queue.size() < MAX_QUEUED) {
      queue.add(update);
    } else {
      newest.put(watch, update);
    }
  }

  /**
   * Takes out all that would tell of a user. Cost: all that waits.
   *
   * @return whether there was anything
   */
  boolean takeBack(Watch watch) {
    boolean any = newest.remove(watch) != null;
    for (Iterator<Item> i = queue.iterator(); i.hasNext(); ) {
      switch (i.next()) {
        case Update update when update.watch == watch -> {
          i.remove();
          any = true;
        }
        case Snapshot snapshot -> any |= snapshot.presences.remove(watch) != null;
        case Update other -> {}
        case Plain other -> {}
        case Member other -> {}
        case Members other -> {}
      }
    }
    return any;
  }

  /** Adds the members of a channel: all that waits of it is older, but for a list half sent. */
  void add(ChannelWatch watch, MembersMessage pages) {
    takeBack(watch, false);
    queue.add(new Members(watch, pages));
  }

  /**
   * Adds what became of a member, in its place or, with what is the newest of others, last.
   *
   * @return false if there is too much of it: then nothing of the channel waits any more
   */
  boolean member(ChannelWatch watch, MemberChange change, Message message) {
    MemberOf key = new MemberOf(watch, change.userId());
    if (change.left()) {
      cursors.remove(key);
    }
    if (newestMembers.isEmpty() && queue.size() < MAX_QUEUED) {
      queue.add(new Member(watch, message));
      return true;
    }
    // Last, not in the place of the older one: what is told last has the count that is right.
    newestMembers.remove(key);
    if (newestMembers.size() >= MAX_NEWEST) {
      takeBack(watch, false);
      return false;
    }
    newestMembers.put(key, message);
    return true;
  }

  /** Adds where someone's cursor is. */
  void cursor(ChannelWatch watch, String userId, Message message) {
    cursors.put(new MemberOf(watch, userId), message);
  }

  /**
   * Takes out all that would tell of a channel. Cost: all that waits.
   *
   * @param all also the rest of a list that was sent in part
   */
  void takeBack(ChannelWatch watch, boolean all) {
    queue.removeIf(
        item ->
            switch (item) {
              case Member member -> member.watch == watch;
              case Members members -> members.watch == watch && (all || !members.pages.begun());
              case Update other -> false;
              case Plain other -> false;
              case Snapshot other -> false;
            });
    newestMembers.keySet().removeIf(key -> key.watch == watch);
    cursors.keySet().removeIf(key -> key.watch == watch);
  }

  /** Takes what comes next, about so many bytes of it; nothing if there is nothing. */
  List<Message> take(int bytes) {
    List<Message> taken = new ArrayList<>(Math.min(size(), 16));
    int size = 0;
    while (size < bytes && !queue.isEmpty()) {
      Message message =
          switch (queue.remove()) {
            case Plain plain -> plain.message;
            case Snapshot snapshot -> snapshot.encode();
            case Update update -> tell(update);
            case Member member -> member.message;
            case Members members -> page(members);
          };
      taken.add(message);
      size += message.json().length;
    }
    if (queue.isEmpty()) {
      for (Iterator<Update> i = newest.values().iterator(); size < bytes && i.hasNext(); ) {
        Message message = tell(i.next());
        i.remove();
        taken.add(message);
        size += message.json().length;
      }
      size = take(newestMembers, bytes, size, taken);
      var unused = take(cursors, bytes, size, taken);
    }
    return taken;
  }

  /** Takes of these, in their order, and says how many bytes there are then. */
  private static int take(Map<MemberOf, Message> from, int bytes, int before, List<Message> taken) {
    int size = before;
    for (Iterator<Message> i = from.values().iterator(); size < bytes && i.hasNext(); ) {
      Message message = i.next();
      i.remove();
      taken.add(message);
      size += message.json().length;
    }
    return size;
  }

  private Message page(Members members) {
    Message page = members.pages.next();
    if (!members.pages.ended()) {
      queue.addFirst(members);
    }
    return page;
  }

  private static Message tell(Update update) {
    update.watch.told = update.shows;
    return update.message;
  }
}
