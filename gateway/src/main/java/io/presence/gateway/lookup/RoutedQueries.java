package io.presence.gateway.lookup;

import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import io.presence.schemas.topic.Partitioning;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.util.thread.Invocable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All streams-apps as if they were one. A lookup is one request to each owner, all at once; what
 * one does not own any more is asked of whom it says does, what it did not answer in time of a
 * standby, and what is left after that of whoever has become the owner meanwhile. An owner that did
 * not answer lately is asked after its standbys. Ids that nobody could be asked for come back
 * {@link Lookup.Outcome#NOT_HERE}; nothing here fails, nor takes longer than five times what one
 * instance may take: three rounds, and twice finding out who owns what.
 */
public final class RoutedQueries implements Queries, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RoutedQueries.class);
  private static final CompletionStage<Void> DONE = CompletableFuture.completedStage(null);
  private static final int MAX_ROUNDS = 3;

  /** To one instance, at a time. What comes beyond waits for one to be free. */
  private static final int MAX_CONNECTIONS = 64;

  private static final int MAX_WAITING = 65_536;

  /** Most of an answer about 500 users is read at once. */
  private static final int RESPONSE_BUFFER_BYTES = 64 * 1024;

  private final Duration timeout;
  private final @Nullable String internalToken;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client;
  private final Map<String, Queries> instances = new ConcurrentHashMap<>();
  private final Reachability reachability = new Reachability(System::nanoTime);
  private final Directory directory;

  /**
   * Begins to find out who owns what.
   *
   * @param seeds some instances; they name the others
   * @param internalToken what instances want to be shown; null: nothing
   * @param timeout how long one instance may take before another is asked
   */
  public RoutedQueries(List<URI> seeds, @Nullable String internalToken, Duration timeout) {
    this(seeds, internalToken, timeout, Directory.INTERVAL);
  }

  /**
   * @param interval how often to ask who owns what
   */
  RoutedQueries(
      List<URI> seeds, @Nullable String internalToken, Duration timeout, Duration interval) {
    this.timeout = timeout;
    this.internalToken = internalToken;
    this.client = start(timeout);
    this.directory =
        new Directory(
            seeds.stream().map(URI::toString).toList(),
            this::instance,
            reachability,
            executor,
            interval);
    directory.start();
  }

  private static HttpClient start(Duration timeout) {
    HttpClientTransportOverHTTP transport = new HttpClientTransportOverHTTP();
    // What comes of a lookup waits for nothing: no other thread has to be woken for it.
    transport.setInvocationType(Invocable.InvocationType.NON_BLOCKING);
    HttpClient client = new HttpClient(transport);
    client.setName("queries");
    client.setConnectTimeout(timeout.toMillis());
    client.setFollowRedirects(false);
    client.setUserAgentField(null);
    client.setMaxConnectionsPerDestination(MAX_CONNECTIONS);
    client.setMaxRequestsQueuedPerDestination(MAX_WAITING);
    client.setResponseBufferSize(RESPONSE_BUFFER_BYTES);
    try {
      client.start();
      // Not before: to start puts one in.
      client.getContentDecoderFactories().clear();
    } catch (Exception e) {
      throw new IllegalStateException("the client of streams-apps does not start", e);
    }
    return client;
  }

  /**
   * From now on {@code listener} is told the partitions of users that have a new owner, or have one
   * again.
   */
  public void onNewOwners(Consumer<Set<Integer>> listener) {
    directory.onNewOwners(listener);
  }

  /** The same for the partitions of channels, which others may own. */
  public void onNewChannelOwners(Consumer<Set<Integer>> listener) {
    directory.onNewChannelOwners(listener);
  }

  /** Whether it is known who owns what. */
  public boolean ready() {
    return directory.view() != null;
  }

  @Override
  public CompletionStage<Lookup.Answer> lookup(Lookup.Request request) {
    return new Search(request).begin();
  }

  @Override
  public CompletionStage<Question.Reply> ask(Question question) {
    Directory.View view = directory.view();
    return view == null
        ? refreshed().thenCompose(found -> ask(question, found, Set.of(), 1))
        : ask(question, view, Set.of(), 1);
  }

  @Override
  public CompletionStage<Ownership> ownership() {
    return CompletableFuture.failedStage(
        new UnsupportedOperationException("each instance says what it owns"));
  }

  @Override
  public void close() {
    directory.close();
    try {
      client.stop();
    } catch (Exception e) {
      LOG.warn("the client of streams-apps did not stop cleanly", e);
    }
    executor.shutdownNow();
  }

  private Queries instance(String address) {
    return instances.computeIfAbsent(
        address,
        a ->
            new HttpQueries(
                client,
                URI.create(a.contains("://") ? a : "http://" + a),
                internalToken,
                timeout,
                executor));
  }

  private CompletionStage<Question.Reply> ask(
      Question question, Directory.@Nullable View view, Set<String> asked, int round) {
    if (view == null) {
      return CompletableFuture.completedStage(Question.Reply.NOT_HERE);
    }
    Directory.Holders holders;
    String id;
    switch (question) {
      case Question.OfUser q -> {
        holders = view.users();
        id = q.userId();
      }
      case Question.OfChannel q -> {
        holders = view.channels();
        id = q.channelId();
      }
    }
    String address =
        next(
            holders,
            Partitioning.partitionOf(id, view.partitions()),
            asked,
            reachability::isAvoided);
    if (address == null) {
      return asked.isEmpty() || round == MAX_ROUNDS
          ? CompletableFuture.completedStage(Question.Reply.NOT_HERE)
          : refreshed().thenCompose(found -> ask(question, found, asked, MAX_ROUNDS));
    }
    Set<String> askedNow = new HashSet<>(asked);
    askedNow.add(address);
    return instance(address)
        .ask(question)
        .handle(
            (reply, failure) -> {
              heardOf(address, failure);
              return failure == null ? reply : Question.Reply.NOT_HERE;
            })
        .thenCompose(
            reply -> {
              if (reply.outcome() != Question.Outcome.NOT_HERE) {
                return CompletableFuture.completedStage(reply);
              }
              directory.learn(view, reply.ownership());
              var unused = directory.refresh();
              return round == MAX_ROUNDS
                  ? CompletableFuture.completedStage(Question.Reply.NOT_HERE)
                  : ask(question, directory.view(), askedNow, round + 1);
            });
  }

  /**
   * Whom to ask next about a partition: its owner, then a standby, any of them; and those who are
   * avoided when there is nobody else.
   */
  private static @Nullable String next(
      Directory.Holders holders, int partition, Set<String> asked, Predicate<String> avoided) {
    String owner = holders.owner(partition);
    boolean askOwner = owner != null && !asked.contains(owner);
    if (askOwner && !avoided.test(owner)) {
      return owner;
    }
    List<String> standbys = new ArrayList<>(holders.standbys(partition));
    standbys.removeAll(asked);
    Collections.shuffle(standbys, ThreadLocalRandom.current());
    for (String standby : standbys) {
      if (!avoided.test(standby)) {
        return standby;
      }
    }
    if (askOwner) {
      return owner;
    }
    return standbys.isEmpty() ? null : standbys.getFirst();
  }

  private void heardOf(String address, @Nullable Throwable failure) {
    if (failure == null) {
      reachability.answered(address);
    } else {
      LOG.debug("{} does not answer", address, failure);
      reachability.failed(address);
    }
  }

  /** One lookup under way. Rounds follow one another: what one wrote, the next one sees. */
  private final class Search {
    private final Lookup.Request request;
    private final List<String> ids;
    private final Lookup.Entry[] entries;
    private final Map<Integer, Set<String>> asked = new HashMap<>();

    /**
     * Who answered by partition that it does not own it, and may have a copy, or be taking it up.
     */
    private final Map<Integer, String> noOwner = new ConcurrentHashMap<>();

    /** Decided once for each: a lookup has many partitions of one owner. */
    private final Map<String, Boolean> avoided = new HashMap<>();

    Search(Lookup.Request request) {
      this.request = request;
      this.ids = request.userIds();
      this.entries = new Lookup.Entry[ids.size()];
      Arrays.fill(entries, Lookup.Entry.NOT_HERE);
    }

    CompletionStage<Lookup.Answer> begin() {
      int[] all = IntStream.range(0, ids.size()).toArray();
      Directory.View view = directory.view();
      CompletionStage<Void> end =
          view != null
              ? round(view, all, 1)
              : refreshed().thenCompose(found -> round(found, all, MAX_ROUNDS));
      return end.thenApply(done -> new Lookup.Answer(Arrays.asList(entries)));
    }

    private CompletionStage<Void> round(Directory.@Nullable View view, int[] open, int round) {
      if (view == null) {
        return DONE;
      }
      Map<Target, Part> requests = new HashMap<>();
      Part nobodys = new Part(open.length);
      @Nullable Part[] parts = new Part[view.partitions()];
      for (int index : open) {
        int partition = Partitioning.partitionOf(ids.get(index), view.partitions());
        Part part = parts[partition];
        if (part == null) {
          Target target = target(view, partition, round);
          part =
              target == null
                  ? nobodys
                  : requests.computeIfAbsent(target, t -> new Part(open.length));
          parts[partition] = part;
        }
        part.add(index, ids.get(index));
      }
      if (requests.isEmpty()) {
        return round == MAX_ROUNDS
            ? DONE
            : refreshed().thenCompose(found -> round(found, open, MAX_ROUNDS));
      }
      List<CompletableFuture<Void>> answers = new ArrayList<>(requests.size());
      requests.forEach((target, part) -> answers.add(send(target, part, view)));
      return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
          .thenCompose(done -> goOn(open, round));
    }

    private CompletionStage<Void> goOn(int[] asked, int round) {
      int[] open = IntStream.of(asked).filter(this::isOpen).toArray();
      if (open.length == 0) {
        return DONE;
      }
      CompletableFuture<Directory.@Nullable View> fresh = refreshed();
      if (round == MAX_ROUNDS) {
        return DONE;
      }
      return round + 1 == MAX_ROUNDS
          ? fresh.thenCompose(found -> round(found, open, MAX_ROUNDS))
          : round(directory.view(), open, round + 1);
    }

    private boolean isOpen(int index) {
      return entries[index].outcome() == Lookup.Outcome.NOT_HERE;
    }

    private @Nullable Target target(Directory.View view, int partition, int round) {
      Set<String> before = asked.computeIfAbsent(partition, p -> new HashSet<>());
      String address =
          next(
              view.users(),
              partition,
              before,
              candidate -> avoided.computeIfAbsent(candidate, reachability::isAvoided));
      if (address == null && round > 1) {
        address = noOwner.remove(partition);
      }
      if (address == null) {
        return null;
      }
      before.add(address);
      // Who is asked first is to be the owner. Later, one that is about to be will do.
      boolean standby = round > 1 || !address.equals(view.users().owner(partition));
      return new Target(address, standby);
    }

    private CompletableFuture<Void> send(Target target, Part part, Directory.View view) {
      return instance(target.address())
          .lookup(
              new Lookup.Request(
                  request.requester(), part.ids, target.standby(), request.contacts()))
          .<Void>handle(
              (answer, failure) -> {
                heardOf(target.address(), failure);
                if (failure != null) {
                  return null;
                }
                for (int i = 0; i < part.ids.size(); i++) {
                  int index = part.indexes[i];
                  entries[index] = answer.entries().get(i);
                  if (!target.standby() && isOpen(index)) {
                    noOwner.put(
                        Partitioning.partitionOf(ids.get(index), view.partitions()),
                        target.address());
                  }
                }
                directory.learn(view, answer.ownership());
                return null;
              })
          .toCompletableFuture();
    }
  }

  /** Who owns what as it is known once that is asked again, or is not answered in time. */
  private CompletableFuture<Directory.@Nullable View> refreshed() {
    return directory
        .refresh()
        .copy()
        .completeOnTimeout(directory.view(), timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** What of a lookup goes to one instance, and where it was in the lookup. */
  private static final class Part {
    final List<String> ids;
    final int[] indexes;

    Part(int most) {
      ids = new ArrayList<>(most);
      indexes = new int[most];
    }

    void add(int index, String id) {
      indexes[ids.size()] = index;
      ids.add(id);
    }
  }

  /** Whom a part of a lookup goes to. */
  private record Target(String address, boolean standby) {}
}
