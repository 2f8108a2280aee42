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
 * from then on the newest of each user. Guarded by the lock of the subscriber.
 *
 * <p>It holds no more than {@link #MAX_QUEUED} updates, one more for each user that is watched, the
 * newest snapshot of each, and what the subscriber was answered: that is for the one who reads its
 * questions to bound, see {@link #full()}.
 */
final class Outbox {
  /** How many wait in order. */
  static final int MAX_QUEUED = 256;

  /** One that waits. */
  sealed interface Item {}

  private record Plain(Message message) implements Item {}

  private record Update(Watch watch, Message message, boolean shows) implements Item {}

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

  boolean isEmpty() {
    return queue.isEmpty() && newest.isEmpty();
  }

  /** Whether nothing more should be asked for before some of it is sent. */
  boolean full() {
    return queue.size() >= MAX_QUEUED;
  }

  int size() {
    return queue.size() + newest.size();
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
      }
    }
    return any;
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
    }
    return taken;
  }

  private static Message tell(Update update) {
    update.watch.told = update.shows;
    return update.message;
  }
}
