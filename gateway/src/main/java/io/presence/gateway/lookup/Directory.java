package io.presence.gateway.lookup;

import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who owns which partition, as the instances themselves say. Any of them names all others. It is
 * asked again about each second, at a time of each gateway's own, and sooner when a lookup finds
 * that something changed: by one call at a time, and ten a second at most, however many find out.
 */
public final class Directory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Directory.class);

  /** How often it is asked again, about. */
  static final Duration INTERVAL = Duration.ofSeconds(1);

  private static final Duration SPACING = Duration.ofMillis(100);

  /** Who holds what, at one moment: the partitions of users, and those of channels. */
  public record View(int partitions, Holders users, Holders channels) {
    private static View of(Ownership ownership) {
      return new View(
          ownership.partitions(),
          Holders.of(ownership, Ownership.Instance::active, Ownership.Instance::standby),
          Holders.of(
              ownership, Ownership.Instance::channelActive, Ownership.Instance::channelStandby));
    }
  }

  /** Who holds the partitions of one kind, at one moment. */
  public record Holders(Map<Integer, String> owners, Map<Integer, List<String>> standbys) {
    private static Holders of(
        Ownership ownership,
        Function<Ownership.Instance, List<Integer>> active,
        Function<Ownership.Instance, List<Integer>> standby) {
      Map<Integer, String> owners = new HashMap<>();
      Map<Integer, List<String>> standbys = new HashMap<>();
      for (Ownership.Instance instance : ownership.instances()) {
        for (int partition : active.apply(instance)) {
          owners.put(partition, instance.address());
        }
        for (int partition : standby.apply(instance)) {
          standbys.computeIfAbsent(partition, p -> new ArrayList<>()).add(instance.address());
        }
      }
      return new Holders(owners, standbys);
    }

    /** The owner of a partition; null if nobody owns it now. */
    @Nullable String owner(int partition) {
      return owners.get(partition);
    }

    /** Who holds a copy of a partition. */
    List<String> standbys(int partition) {
      return standbys.getOrDefault(partition, List.of());
    }
  }

  private final List<String> seeds;
  private final Function<String, Queries> instances;
  private final Reachability reachability;
  private final Executor executor;
  private final Duration interval;
  private volatile Consumer<Set<Integer>> newOwners = partitions -> {};
  private volatile Consumer<Set<Integer>> newChannelOwners = partitions -> {};
  private volatile boolean closed;

  /** Whether nobody answered when all were asked last: told once. */
  private volatile boolean silent;

  /** What those who were asked said, by their address. */
  private final Map<String, String> epochs = new ConcurrentHashMap<>();

  /** Which question was the last one that each was asked, by the address it was asked at. */
  private final Map<String, Long> askedLast = new ConcurrentHashMap<>();

  private final AtomicLong questions = new AtomicLong();

  /** Held while what is known becomes other; never while anybody is told or asked. */
  private final Object viewing = new Object();

  private volatile @Nullable View view;
  private volatile List<String> known = List.of();

  private final Object refreshing = new Object();
  private @Nullable CompletableFuture<@Nullable View> underWay;
  private long lastEnd = System.nanoTime() - SPACING.toNanos();

  /**
   * @param seeds the instances that are asked first
   * @param instances an instance by its address
   * @param executor runs what comes later
   */
  public Directory(List<String> seeds, Function<String, Queries> instances, Executor executor) {
    this(seeds, instances, new Reachability(System::nanoTime), executor, INTERVAL);
  }

  /**
   * @param reachability who is asked last
   * @param interval how often to ask
   */
  Directory(
      List<String> seeds,
      Function<String, Queries> instances,
      Reachability reachability,
      Executor executor,
      Duration interval) {
    this.seeds = List.copyOf(seeds);
    this.instances = instances;
    this.reachability = reachability;
    this.executor = executor;
    this.interval = interval;
  }

  /**
   * From now on {@code listener} is told the partitions of users that have a new owner, or have one
   * again.
   */
  public void onNewOwners(Consumer<Set<Integer>> listener) {
    newOwners = listener;
  }

  /** The same for the partitions of channels. */
  public void onNewChannelOwners(Consumer<Set<Integer>> listener) {
    newChannelOwners = listener;
  }

  /** Begins to ask. */
  public void start() {
    refreshAndGoOn();
  }

  /** What is known; null if nobody ever answered. */
  @Nullable View view() {
    return view;
  }

  /**
   * Asks again, now or a little later; whoever calls meanwhile gets the same answer.
   *
   * @return what is known then; never fails
   */
  CompletableFuture<@Nullable View> refresh() {
    CompletableFuture<@Nullable View> refresh;
    long wait;
    synchronized (refreshing) {
      if (underWay != null) {
        return underWay;
      }
      refresh = new CompletableFuture<>();
      underWay = refresh;
      wait = Math.max(0, lastEnd + SPACING.toNanos() - System.nanoTime());
    }
    later(wait, () -> ask(candidates(), 0, refresh));
    return refresh;
  }

  @Override
  public void close() {
    closed = true;
  }

  private void refreshAndGoOn() {
    var unused =
        refresh()
            .thenRun(
                () -> {
                  if (!closed) {
                    double jitter = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
                    later((long) (interval.toNanos() * jitter), this::refreshAndGoOn);
                  }
                });
  }

  private void later(long nanos, Runnable task) {
    CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS, executor).execute(task);
  }

  private void ask(List<String> candidates, int index, CompletableFuture<@Nullable View> refresh) {
    if (closed || index == candidates.size()) {
      if (!closed && !silent) {
        LOG.warn("none of {} says who owns what", candidates);
        silent = true;
      }
      end(refresh);
      return;
    }
    askedLast.put(candidates.get(index), questions.incrementAndGet());
    instances
        .apply(candidates.get(index))
        .ownership()
        .whenComplete(
            (ownership, failure) -> {
              if (failure == null) {
                reachability.answered(candidates.get(index));
              } else {
                reachability.failed(candidates.get(index));
              }
              if (failure == null && isSomeoneThere(ownership)) {
                Runnable tell;
                synchronized (viewing) {
                  tell = take(ownership);
                }
                tell.run();
                end(refresh);
              } else {
                LOG.debug("{} does not say who owns what", candidates.get(index), failure);
                ask(candidates, index + 1, refresh);
              }
            });
  }

  /**
   * What somebody said who was asked as the owner of something, and is not: where it is now. It is
   * not taken if something else has become known since that one was asked. Returns at once.
   *
   * @param basis what was known when it was asked
   */
  void learn(View basis, @Nullable Ownership ownership) {
    if (ownership == null || !isSomeoneThere(ownership)) {
      return;
    }
    Runnable tell;
    synchronized (viewing) {
      if (!basis.equals(view)) {
        return;
      }
      tell = take(ownership);
    }
    executor.execute(tell);
  }

  /** Returns what remains to be done: to tell others of it. */
  private Runnable take(Ownership ownership) {
    View before = view;
    View now = View.of(ownership);
    known = ownership.instances().stream().map(Ownership.Instance::address).toList();
    if (!now.equals(before)) {
      view = now;
    }
    String begunAnew = begunAnew(ownership);
    boolean all = silent;
    if (all) {
      LOG.info("it is known again who owns what");
      silent = false;
    }
    if (before == null) {
      return () -> {};
    }
    Set<Integer> users = newlyOwned(before.users(), now.users(), begunAnew, all);
    Set<Integer> channels = newlyOwned(before.channels(), now.channels(), begunAnew, all);
    return () -> {
      if (!users.isEmpty()) {
        newOwners.accept(users);
      }
      if (!channels.isEmpty()) {
        newChannelOwners.accept(channels);
      }
    };
  }

  /** The address of the one that was asked, if it is not as it was when it was asked before. */
  private @Nullable String begunAnew(Ownership ownership) {
    String address = ownership.address();
    String epoch = ownership.epoch();
    if (address == null || epoch == null) {
      return null;
    }
    String before = epochs.put(address, epoch);
    return before == null || before.equals(epoch) ? null : address;
  }

  /**
   * @param all whether nobody answered meanwhile, so that it may be another process at the same
   *     address
   */
  private static Set<Integer> newlyOwned(
      Holders before, Holders now, @Nullable String begunAnew, boolean all) {
    Set<Integer> changed = new HashSet<>();
    now.owners.forEach(
        (partition, owner) -> {
          if (all || owner.equals(begunAnew) || !owner.equals(before.owner(partition))) {
            changed.add(partition);
          }
        });
    return changed;
  }

  private void end(CompletableFuture<@Nullable View> refresh) {
    synchronized (refreshing) {
      underWay = null;
      lastEnd = System.nanoTime();
    }
    refresh.complete(view);
  }

  private static boolean isSomeoneThere(Ownership ownership) {
    return ownership.partitions() > 0
        && ownership.instances().stream()
            .anyMatch(
                instance -> !instance.active().isEmpty() || !instance.channelActive().isEmpty());
  }

  /**
   * Those who were there last, by turns, so that they share the asking and each is soon asked for
   * its epoch; then the seeds. Those who did not answer lately come last.
   */
  private List<String> candidates() {
    List<String> byTurns = new ArrayList<>(known);
    Collections.shuffle(byTurns);
    byTurns.sort(Comparator.comparing(address -> askedLast.getOrDefault(address, 0L)));
    Set<String> candidates = new LinkedHashSet<>(byTurns);
    candidates.addAll(seeds);
    List<String> ordered = new ArrayList<>(candidates.size());
    List<String> failed = new ArrayList<>();
    for (String candidate : candidates) {
      (reachability.hasFailed(candidate) ? failed : ordered).add(candidate);
    }
    ordered.addAll(failed);
    return ordered;
  }
}
