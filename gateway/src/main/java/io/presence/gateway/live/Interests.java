package io.presence.gateway.live;

import io.presence.schemas.delivery.Inbox;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Interest;
import io.presence.schemas.event.PresenceEvent.Lease;
import io.presence.schemas.topic.Partitioning;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Of whom this gateway wants to be told, what it has said of that, and what it may believe of what
 * it is told. It writes nothing, knows no clock and waits for nothing; times are in milliseconds.
 * Safe for any number of threads.
 *
 * <p>A user is <i>heard</i> once the interest is answered. From then on each change says which
 * version it comes after, so none is told before the one that it follows, whichever way it came,
 * and none is missed for long without being noticed.
 *
 * <p>What is in doubt begins anew, see {@link #lost} and {@link #failed}: all users of the
 * partition are registered again, under another name.
 */
final class Interests {
  /** More changes of a user do not wait for what comes before them. */
  static final int MAX_EARLY = 64;

  /** How many users are registered at a time. */
  private static final int MAX_WRITES = 1_000;

  /** After a write that failed, nothing is written to its partition for so long. */
  private static final long PAUSE = 1_000;

  /**
   * What they run by.
   *
   * @param root of the gateway's names
   * @param renewal how often a lease is renewed
   * @param linger how long a user whom nobody watches stays registered
   * @param patience how long a change may wait for what comes before it
   */
  record Rules(String root, int partitions, long renewal, long linger, long patience) {}

  /** An event to be written, each after the one before it. */
  record Write(int partition, String gateway, PresenceEvent event) {}

  /** What an answer brings. */
  record Answered(List<Change> told, List<Runnable> ready) {}

  /**
   * That something of a user was missed.
   *
   * @param required what was missed is in no snapshot of a version before that
   * @param later what came after it
   */
  record Missed(String userId, long required, List<Change> later) {}

  /** Something that waits for users to be heard. */
  static final class Waiting {
    private final Runnable then;
    private int left;
    private boolean done;

    Waiting(Runnable then) {
      this.then = then;
    }
  }

  private enum State {
    /** It is still to be said. */
    WANTED,
    /** It was said. */
    ASKED,
    /** It was answered. */
    HEARD
  }

  private record Early(Change change, long after) {}

  private record Idle(Watched user, long since) {}

  private static final class Watched {
    private final String userId;
    private final Partition partition;
    private State state = State.WANTED;
    private boolean watched = true;
    private long idleSince;

    /** The version told last. */
    private long last;

    private List<Early> early = List.of();
    private long earlySince;
    private List<Waiting> waiting = List.of();

    Watched(String userId, Partition partition) {
      this.userId = userId;
      this.partition = partition;
    }
  }

  private static final class Partition {
    private final int number;
    private final Deque<Watched> wanted = new ArrayDeque<>();
    private int beginnings;
    private String name;
    private long sum;
    private long leaseDue = Long.MIN_VALUE;
    private long notBefore = Long.MIN_VALUE;
    private boolean held;

    Partition(int number, String name) {
      this.number = number;
      this.name = name;
    }
  }

  private final Rules rules;
  private final Partition[] partitions;
  private final Map<String, Watched> users = new HashMap<>();
  private final Deque<Idle> idle = new ArrayDeque<>();

  /** Those of whom something waits for what comes before it, though they are heard. */
  private final Set<Watched> behind = new LinkedHashSet<>();

  Interests(Rules rules) {
    this.rules = rules;
    partitions = new Partition[rules.partitions];
    for (int i = 0; i < partitions.length; i++) {
      partitions[i] = new Partition(i, Inbox.name(rules.root, 0));
    }
  }

  // What is watched

  synchronized void watched(String userId) {
    Watched user = users.get(userId);
    if (user != null) {
      user.watched = true;
      return;
    }
    Partition partition = partitions[Partitioning.partitionOf(userId, partitions.length)];
    user = new Watched(userId, partition);
    users.put(userId, user);
    partition.wanted.add(user);
  }

  synchronized void unwatched(String userId, long now) {
    Watched user = users.get(userId);
    if (user != null && user.watched) {
      user.watched = false;
      rest(user, now);
    }
  }

  private void rest(Watched user, long now) {
    user.idleSince = now;
    idle.add(new Idle(user, now));
  }

  /** How many users are registered, or to be. */
  synchronized int size() {
    return users.size();
  }

  /** Whether changes of a user are of any use. */
  synchronized boolean knows(String userId) {
    return users.containsKey(userId);
  }

  /** Whether all partitions hold a lease, or did. */
  synchronized boolean held() {
    for (Partition partition : partitions) {
      if (!partition.held) {
        return false;
      }
    }
    return true;
  }

  /** Those who are not heard; null if there are none. */
  synchronized @Nullable Set<String> unheard(Collection<String> userIds) {
    Set<String> unheard = null;
    for (String userId : userIds) {
      Watched user = users.get(userId);
      if (user == null || user.state != State.HEARD) {
        if (unheard == null) {
          unheard = new HashSet<>();
        }
        unheard.add(userId);
      }
    }
    return unheard;
  }

  /** Keeps something until these are heard; null if there is nothing to wait for. */
  synchronized @Nullable Waiting await(Collection<String> userIds, Runnable then) {
    Waiting waiting = new Waiting(then);
    for (String userId : userIds) {
      Watched user = users.get(userId);
      if (user != null && user.state != State.HEARD) {
        if (user.waiting.isEmpty()) {
          user.waiting = new ArrayList<>(1);
        }
        user.waiting.add(waiting);
        waiting.left++;
      }
    }
    return waiting.left == 0 ? null : waiting;
  }

  /** Whether it waited still; from now on it does not. */
  synchronized boolean giveUp(Waiting waiting) {
    boolean waited = !waiting.done;
    waiting.done = true;
    return waited;
  }

  // What is written

  /** What is to be written now, in this order. */
  synchronized List<Write> due(long now) {
    List<Write> writes = new ArrayList<>();
    withdraw(now, writes);
    for (Partition partition : partitions) {
      if (partition.notBefore > now) {
        continue;
      }
      if (partition.leaseDue <= now) {
        partition.leaseDue = now + rules.renewal;
        writes.add(
            new Write(partition.number, partition.name, new Lease(partition.name, partition.sum)));
      }
      for (int i = 0; i < MAX_WRITES && !partition.wanted.isEmpty(); i++) {
        register(partition.wanted.removeFirst(), writes);
      }
    }
    return writes;
  }

  private void register(Watched user, List<Write> writes) {
    if (!isCurrent(user) || user.state != State.WANTED) {
      return;
    }
    if (!user.watched) {
      users.remove(user.userId);
      return;
    }
    Partition partition = user.partition;
    user.state = State.ASKED;
    partition.sum += Interest.part(user.userId);
    writes.add(
        new Write(
            partition.number, partition.name, new Interest(user.userId, partition.name, true)));
  }

  private void withdraw(long now, List<Write> writes) {
    int count = idle.size();
    for (int i = 0; i < count; i++) {
      Idle next = idle.getFirst();
      if (next.since + rules.linger > now) {
        break;
      }
      idle.removeFirst();
      Watched user = next.user;
      if (user.watched || user.idleSince != next.since || !isCurrent(user)) {
        continue;
      }
      Partition partition = user.partition;
      switch (user.state) {
        case WANTED -> users.remove(user.userId);
        // The answer to this must not be taken for one to a later question.
        case ASKED -> rest(user, now);
        case HEARD -> {
          if (partition.notBefore > now) {
            rest(user, now);
            continue;
          }
          users.remove(user.userId);
          behind.remove(user);
          partition.sum -= Interest.part(user.userId);
          writes.add(
              new Write(
                  partition.number,
                  partition.name,
                  new Interest(user.userId, partition.name, false)));
        }
      }
    }
  }

  /** How long nothing is due, if nothing happens. */
  synchronized long restFor(long now) {
    long next = Long.MAX_VALUE;
    for (Partition partition : partitions) {
      long due = partition.wanted.isEmpty() ? partition.leaseDue : now;
      next = Math.min(next, Math.max(due, partition.notBefore));
    }
    if (!idle.isEmpty()) {
      next = Math.min(next, idle.getFirst().since + rules.linger);
    }
    return Math.max(0, next - now);
  }

  // What is in doubt

  /**
   * A write may not be in the log.
   *
   * @return whether those who watch users of the partition have to be told anew
   */
  synchronized boolean failed(Write write, long now) {
    Partition partition = partitions[write.partition];
    if (!partition.name.equals(write.gateway)) {
      return false;
    }
    partition.notBefore = now + PAUSE;
    return beginAnew(partition);
  }

  /** A lease is not what it was thought to be; as above. */
  synchronized boolean lost(String gateway, int number) {
    return isNamed(gateway, number) && beginAnew(partitions[number]);
  }

  /** Whether this is what it is called in a partition. */
  synchronized boolean isNamed(String gateway, int number) {
    return number < partitions.length && partitions[number].name.equals(gateway);
  }

  /** A lease has begun. */
  synchronized void begun(String gateway, int number) {
    if (isNamed(gateway, number)) {
      partitions[number].held = true;
    }
  }

  /** Something was not read, whatever it was. */
  synchronized void gap() {
    for (Partition partition : partitions) {
      rename(partition);
    }
    for (Watched user : List.copyOf(users.values())) {
      beginAnew(user);
    }
  }

  private boolean beginAnew(Partition partition) {
    rename(partition);
    boolean heard = false;
    for (Watched user : List.copyOf(users.values())) {
      if (user.partition.equals(partition)) {
        heard |= beginAnew(user);
      }
    }
    return heard;
  }

  private void rename(Partition partition) {
    partition.name = Inbox.name(rules.root, ++partition.beginnings);
    partition.sum = 0;
    partition.leaseDue = Long.MIN_VALUE;
    partition.wanted.clear();
  }

  /** Whether it was heard, and is watched. */
  private boolean beginAnew(Watched user) {
    behind.remove(user);
    if (!user.watched) {
      users.remove(user.userId);
      return false;
    }
    boolean heard = user.state == State.HEARD;
    user.state = State.WANTED;
    user.partition.wanted.add(user);
    return heard;
  }

  // What is told

  /** An interest was answered; null if it is not one that is waited for. */
  synchronized @Nullable Answered answered(String gateway, String userId, long version, long now) {
    Watched user = users.get(userId);
    if (user == null || user.state != State.ASKED || !user.partition.name.equals(gateway)) {
      return null;
    }
    user.state = State.HEARD;
    user.last = version;
    List<Change> told = new ArrayList<>(0);
    tellEarly(user, now, told);
    List<Runnable> ready = new ArrayList<>(user.waiting.size());
    for (Waiting waiting : user.waiting) {
      if (--waiting.left == 0 && !waiting.done) {
        waiting.done = true;
        ready.add(waiting.then);
      }
    }
    user.waiting = List.of();
    return new Answered(told, ready);
  }

  /**
   * A change came.
   *
   * @param after the version before it
   * @return what may be told now, in order
   */
  synchronized List<Change> changed(Change change, long after, long now) {
    Watched user = users.get(change.userId());
    if (user == null) {
      return List.of();
    }
    if (user.state != State.HEARD) {
      keep(user, new Early(change, after));
      return List.of();
    }
    if (change.version() <= user.last) {
      return List.of();
    }
    if (after > user.last) {
      if (user.early.isEmpty()) {
        user.earlySince = now;
      }
      keep(user, new Early(change, after));
      behind.add(user);
      return List.of();
    }
    user.last = change.version();
    if (user.early.isEmpty()) {
      return List.of(change);
    }
    List<Change> told = new ArrayList<>(2);
    told.add(change);
    tellEarly(user, now, told);
    return told;
  }

  private static void keep(Watched user, Early early) {
    if (user.early.isEmpty()) {
      user.early = new ArrayList<>(2);
    } else if (user.early.size() == MAX_EARLY) {
      // It will be missed.
      user.early.removeFirst();
    }
    user.early.add(early);
  }

  /** Tells what waited for what was told. */
  private void tellEarly(Watched user, long now, List<Change> told) {
    List<Early> early = user.early;
    for (int i = 0; i < early.size(); ) {
      Early next = early.get(i);
      if (next.change.version() <= user.last) {
        early.remove(i);
      } else if (next.after <= user.last) {
        early.remove(i);
        told.add(next.change);
        user.last = next.change.version();
        i = 0;
      } else {
        i++;
      }
    }
    if (early.isEmpty()) {
      user.early = List.of();
      behind.remove(user);
    } else {
      user.earlySince = now;
      behind.add(user);
    }
  }

  /** What has waited too long for what comes before it. */
  synchronized List<Missed> missed(long now) {
    if (behind.isEmpty()) {
      return List.of();
    }
    List<Missed> missed = new ArrayList<>();
    for (Watched user : List.copyOf(behind)) {
      if (now - user.earlySince < rules.patience && user.early.size() < MAX_EARLY) {
        continue;
      }
      List<Early> early = user.early;
      early.sort(Comparator.comparingLong(e -> e.change.version()));
      List<Change> later = new ArrayList<>(early.size());
      long required = 0;
      long before = user.last;
      for (Early next : early) {
        if (next.after > before) {
          required = next.after;
        }
        before = next.change.version();
        later.add(next.change);
      }
      user.last = before;
      user.early = List.of();
      behind.remove(user);
      missed.add(new Missed(user.userId, required, later));
    }
    return missed;
  }

  private boolean isCurrent(Watched user) {
    return user.equals(users.get(user.userId));
  }
}
