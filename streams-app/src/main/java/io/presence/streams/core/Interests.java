package io.presence.streams.core;

import io.presence.schemas.event.PresenceEvent.Interest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Which gateways watch which users of one partition, and where a change of a user is sent by that.
 *
 * <p>What is held is told by the store, entry by entry, while it is restored as well; what is to be
 * held is said here, and put into the store by whoever asks. A gateway is held from the first word
 * of its lease until that runs out, or is found not to be what the gateway thinks it is. What it
 * watched is left over then, and removed a few at a time.
 *
 * <p>Cost: a probe for a change that nobody watches.
 */
public final class Interests {
  private static final int[] NONE = {};
  private static final long NEVER = Long.MAX_VALUE;

  /**
   * What they run by.
   *
   * @param lease how long a gateway is held without a word, in milliseconds of presence time
   * @param share a user whom more than so many percent of the inboxes watch is told to all
   * @param inbox of a gateway, by its name
   */
  public record Rules(long lease, int share, ToIntFunction<String> inbox) {}

  /** What is to be done about a lease. */
  public enum Lease {
    /** It goes on. */
    RENEWED,
    /** It begins: the gateway is to be held from now on, and told so. */
    BEGUN,
    /** It is not what the gateway thinks: it is to be let go, and told so. */
    LOST
  }

  /** That a gateway watches a user. */
  public record Pair(String userId, String gateway) {}

  private static final class Gateway {
    private final String name;
    private final Set<String> users = new HashSet<>();
    private long sum;
    private boolean held;
    private long deadline = NEVER;
    private int inbox = -1;

    Gateway(String name) {
      this.name = name;
    }
  }

  private final Map<String, Gateway> gateways = new HashMap<>();
  private final Map<String, Gateway[]> watching = new HashMap<>();

  /** Those that are let go and have left something over. */
  private final Deque<Gateway> leaving = new ArrayDeque<>();

  private Rules rules = new Rules(NEVER, 100, name -> 0);

  /** No lease runs out before that. */
  private long earliest = NEVER;

  /** How many inboxes there are of gateways that are held; -1: to be counted. */
  private int inboxes = -1;

  // What the store tells

  /** A gateway is held. */
  public void hold(String name) {
    Gateway gateway = gateway(name);
    if (leaving.remove(gateway)) {
      // Only where the log that is restored holds it once more.
      gateway.deadline = NEVER;
    }
    gateway.held = true;
    inboxes = -1;
  }

  /** A gateway is held no more. */
  public void letGo(String name) {
    Gateway gateway = gateways.get(name);
    if (gateway == null || !gateway.held) {
      return;
    }
    gateway.held = false;
    inboxes = -1;
    if (gateway.users.isEmpty()) {
      gateways.remove(name);
    } else {
      leaving.add(gateway);
    }
  }

  /** A gateway watches a user. */
  public void add(String userId, String name) {
    Gateway gateway = gateway(name);
    if (!gateway.users.add(userId)) {
      return;
    }
    if (!gateway.held && gateway.users.size() == 1) {
      leaving.add(gateway);
    }
    gateway.sum += Interest.part(userId);
    Gateway[] before = watching.get(userId);
    Gateway[] after = before == null ? new Gateway[1] : Arrays.copyOf(before, before.length + 1);
    after[after.length - 1] = gateway;
    watching.put(userId, after);
  }

  /** A gateway does not watch a user any more. */
  public void remove(String userId, String name) {
    Gateway gateway = gateways.get(name);
    if (gateway == null || !gateway.users.remove(userId)) {
      return;
    }
    gateway.sum -= Interest.part(userId);
    Gateway[] before = watching.getOrDefault(userId, new Gateway[0]);
    if (before.length == 1) {
      watching.remove(userId);
    } else {
      Gateway[] after = new Gateway[before.length - 1];
      int kept = 0;
      for (Gateway other : before) {
        if (!other.name.equals(name)) {
          after[kept++] = other;
        }
      }
      watching.put(userId, after);
    }
    if (!gateway.held && gateway.users.isEmpty()) {
      leaving.remove(gateway);
      gateways.remove(name);
    }
  }

  /** Forgets all. */
  public void clear() {
    gateways.clear();
    watching.clear();
    leaving.clear();
    earliest = NEVER;
    inboxes = -1;
  }

  // What is held

  /** Whether a gateway is held. */
  public boolean isHeld(String name) {
    Gateway gateway = gateways.get(name);
    return gateway != null && gateway.held;
  }

  /** Whether a gateway watches a user, or did and it is left over. */
  public boolean contains(String userId, String name) {
    Gateway gateway = gateways.get(name);
    return gateway != null && gateway.users.contains(userId);
  }

  /** The names of all gateways that are held. Cost: a copy. */
  public List<String> held() {
    return gateways.values().stream().filter(g -> g.held).map(g -> g.name).toList();
  }

  /** All that is watched, and what is left over. Cost: a copy; for tests and tools. */
  public List<Pair> pairs() {
    List<Pair> pairs = new ArrayList<>();
    for (Gateway gateway : gateways.values()) {
      gateway.users.forEach(user -> pairs.add(new Pair(user, gateway.name)));
    }
    return pairs;
  }

  // The rules

  /** From now on it is the processor's: each gateway has a whole lease to be heard of in. */
  public void takeUp(Rules by, long now) {
    rules = by;
    inboxes = -1;
    for (Gateway gateway : gateways.values()) {
      gateway.inbox = -1;
      gateway.deadline = now + rules.lease;
    }
    earliest = gateways.isEmpty() ? NEVER : now + rules.lease;
  }

  /**
   * A gateway says that it is there.
   *
   * @param sum of the users that it thinks it watches
   */
  public Lease lease(String name, long sum, long now) {
    Gateway gateway = gateways.get(name);
    if (gateway == null) {
      return sum == 0 ? Lease.BEGUN : Lease.LOST;
    }
    if (!gateway.held || gateway.sum != sum) {
      return Lease.LOST;
    }
    gateway.deadline = now + rules.lease;
    earliest = Math.min(earliest, gateway.deadline);
    return Lease.RENEWED;
  }

  /** Begins the lease of a gateway that is held since just now. */
  public void begin(String name, long now) {
    Gateway gateway = gateway(name);
    gateway.deadline = now + rules.lease;
    earliest = Math.min(earliest, gateway.deadline);
  }

  /** The gateways whose leases have run out, by name. */
  public List<String> over(long now) {
    if (now < earliest) {
      return List.of();
    }
    List<String> over = new ArrayList<>();
    earliest = NEVER;
    for (Gateway gateway : gateways.values()) {
      if (!gateway.held) {
        continue;
      }
      if (gateway.deadline <= now) {
        over.add(gateway.name);
      } else {
        earliest = Math.min(earliest, gateway.deadline);
      }
    }
    over.sort(null);
    return over;
  }

  /** Some of what gateways have left over that are held no more. */
  public List<Pair> leftOver(int atMost) {
    if (leaving.isEmpty()) {
      return List.of();
    }
    Gateway gateway = leaving.getFirst();
    List<Pair> some = new ArrayList<>(Math.min(atMost, gateway.users.size()));
    Iterator<String> users = gateway.users.iterator();
    while (users.hasNext() && some.size() < atMost) {
      some.add(new Pair(users.next(), gateway.name));
    }
    return some;
  }

  /**
   * Where a change of a user goes: the inboxes of those who watch, in their order; none: where all
   * read, for they are most; null: nobody watches.
   */
  public int @Nullable [] route(String userId) {
    Gateway[] all = watching.get(userId);
    if (all == null) {
      return null;
    }
    int[] route = NONE;
    for (Gateway gateway : all) {
      if (gateway.held) {
        route = with(route, inbox(gateway));
      }
    }
    if (route.length == 0) {
      return null;
    }
    return route.length > 1 && route.length * 100L > (long) rules.share * inboxes() ? NONE : route;
  }

  private static int[] with(int[] route, int inbox) {
    int at = Arrays.binarySearch(route, inbox);
    if (at >= 0) {
      return route;
    }
    int before = -at - 1;
    int[] more = new int[route.length + 1];
    System.arraycopy(route, 0, more, 0, before);
    more[before] = inbox;
    System.arraycopy(route, before, more, before + 1, route.length - before);
    return more;
  }

  private int inboxes() {
    if (inboxes < 0) {
      Set<Integer> different = new HashSet<>();
      for (Gateway gateway : gateways.values()) {
        if (gateway.held) {
          different.add(inbox(gateway));
        }
      }
      inboxes = different.size();
    }
    return inboxes;
  }

  private int inbox(Gateway gateway) {
    if (gateway.inbox < 0) {
      gateway.inbox = rules.inbox.applyAsInt(gateway.name);
    }
    return gateway.inbox;
  }

  private Gateway gateway(String name) {
    return gateways.computeIfAbsent(name, Gateway::new);
  }
}
