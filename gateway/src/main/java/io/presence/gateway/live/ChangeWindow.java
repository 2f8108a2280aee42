package io.presence.gateway.live;

import io.presence.gateway.live.MemberChange.Event;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Changes of a channel that are told together: of each member the newest, in the order in which
 * those came, and all with the count that there is after them. Guarded by the audience.
 */
final class ChangeWindow {
  /** More are not kept. */
  static final int MAX_MEMBERS = 5_000;

  /** What became of one member. */
  final class Passage {
    private final MemberChange first;
    private final MemberChange last;
    private @Nullable Message message;

    private Passage(MemberChange first, MemberChange last) {
      this.first = first;
      this.last = last;
    }

    /** The first change of the window. */
    MemberChange first() {
      return first;
    }

    /** The last one, which is told. */
    MemberChange last() {
      return last;
    }

    /** Whether one who knows of none of it has nothing to hear. */
    boolean cameAndWent() {
      return first.joined() && last.left();
    }

    /** What is told of it. */
    Message message() {
      Message made = message;
      if (made == null) {
        made = message(count);
        message = made;
      }
      return made;
    }

    /** The same, to one who knows of a later count. */
    Message message(int countAfter) {
      Event shown = last.left() || first == last ? last.event() : Event.JOINED;
      if (first.event() == Event.UPDATED && last.event() == Event.UPDATED) {
        shown = Event.UPDATED;
      }
      return last.message(shown, countAfter);
    }
  }

  private final Map<String, Passage> passages = new LinkedHashMap<>();
  private int count;
  private long version;

  boolean isEmpty() {
    return passages.isEmpty();
  }

  boolean full() {
    return passages.size() >= MAX_MEMBERS;
  }

  /** The version after all of it; 0 if there is none. */
  long version() {
    return version;
  }

  /** How many members there are after all of it. */
  int count() {
    return count;
  }

  void add(MemberChange change) {
    Passage before = passages.remove(change.userId());
    passages.put(change.userId(), new Passage(before == null ? change : before.first, change));
    count = change.count();
    version = change.version();
  }

  Collection<Passage> passages() {
    return passages.values();
  }

  /** What became of a member; null if nothing did. */
  @Nullable Passage of(String userId) {
    return passages.get(userId);
  }
}
