package io.presence.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Many people who come and go, set statuses and say who may see them, a share of them by sockets;
 * others who look them up and watch them. What each one does follows from a seed. Every answer is
 * held against what was asked for, see {@link Person}.
 */
final class Load implements AutoCloseable {
  private static final List<String> FRIENDS = List.of("friend-0", "friend-1", "friend-2");
  private static final List<String> CLAIMS = List.of("busy", "away", "invisible", "online");
  private static final List<String> VISIBILITIES = List.of("everyone", "contacts", "nobody");

  /** Between two events of a person, on average. */
  private static final long MEAN_PAUSE_MILLIS = 4_000;

  /** An event that was not accepted may still happen until then. */
  private static final long UNSURE_MILLIS = 6_000;

  private static final long LOOKUP_MILLIS = 250;

  /** A change that is not read by then is late. */
  private static final long LATE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long STEADY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final int LOOKED_UP = 5;

  /** A standby that is more than this behind does not answer. */
  static final long BEHIND_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Gateways gateways;
  private final Findings findings;
  private final Duration ttl;
  private final long seed;
  private final boolean lenient;
  private final List<Person> people = new ArrayList<>();
  private final Map<Integer, List<Person>> byPartition = new HashMap<>();
  private final Map<Person, LastingSocket> sockets = new ConcurrentHashMap<>();
  private final List<Onlooker> onlookers = new ArrayList<>();
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger texts = new AtomicInteger();
  private final Changes changes;
  private final String bootstrapServers;

  private final Object turnstile = new Object();
  private boolean held;
  private int doing;
  private volatile boolean closed;

  /**
   * @param count how many people
   * @param lenient whether changes may be missing, repeated, and for a moment old
   */
  Load(Cluster cluster, int count, Duration ttl, long seed, boolean lenient, Findings findings) {
    this.gateways = new Gateways(cluster.gatewayPorts);
    this.findings = findings;
    this.ttl = ttl;
    this.seed = seed;
    this.lenient = lenient;
    Map<String, Person> byId = new HashMap<>();
    for (int i = 0; i < count; i++) {
      Person person = new Person("p" + i, i % 4 == 0, lenient);
      people.add(person);
      byId.put(person.id, person);
      byPartition.computeIfAbsent(person.partition, p -> new ArrayList<>()).add(person);
    }
    bootstrapServers = cluster.bootstrapServers;
    changes = new Changes(cluster.bootstrapServers, byId, findings);
  }

  /** Begins. Returns when everyone has been seen online. */
  void start() throws InterruptedException {
    for (int i = 0; i < people.size(); i++) {
      int number = i;
      executor.execute(() -> live(people.get(number), number));
    }
    executor.execute(this::beat);
    awaitNothing(
        Duration.ofSeconds(60),
        () ->
            people.stream()
                .filter(person -> !person.wasSeen())
                .map(person -> person.id + " has not come online")
                .toList());
    List<Integer> ports = gateways.ports();
    Set<String> opened = ConcurrentHashMap.newKeySet();
    for (Person person : people) {
      if (person.bySocket) {
        List<Integer> order = new ArrayList<>(ports);
        Collections.rotate(order, person.partition);
        sockets.put(
            person,
            new LastingSocket(
                order,
                "user_id=" + person.id,
                "{\"type\":\"set_online\",\"device\":\"web\"}",
                () -> {},
                text -> {
                  opened.add(person.id);
                  findings.withoutSocket(lostNanos(person));
                }));
      }
    }
    awaitNothing(
        Duration.ofSeconds(60),
        () ->
            people.stream()
                .filter(person -> person.bySocket && !opened.contains(person.id))
                .map(person -> person.id + " has no socket")
                .toList());
    // Not before the sockets have kept them online for a while: they are slow to begin.
    Thread.sleep(ttl.toMillis());
    people.stream().filter(person -> person.bySocket).forEach(person -> person.beating = false);
    for (String name : List.of(FRIENDS.get(0), FRIENDS.get(1), "stranger")) {
      onlookers.add(new Onlooker(name, ports, people, findings));
      onlookers.add(new Onlooker(name, ports.reversed(), people, findings));
    }
    executor.execute(this::lookUp);
  }

  /**
   * Waits until changes come at once: processes that have just started take their time, and a fault
   * that hits them then tells of nothing else.
   */
  void awaitPace() throws InterruptedException {
    if (lenient) {
      // A change that is missing never comes.
      return;
    }
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    long steadySince = System.nanoTime();
    while (System.nanoTime() - steadySince < STEADY_NANOS && System.nanoTime() < deadline) {
      Thread.sleep(100);
      if (people.stream().anyMatch(person -> person.isUnseenFor(LATE_NANOS))) {
        steadySince = System.nanoTime();
      }
    }
  }

  /**
   * Lets everyone rest, and holds all that can be seen then against the model: nothing that was
   * accepted is lost, and nobody is shown something else.
   *
   * @param contactsToo whether contacts, too, may be old until they change again; for at-least-once
   */
  void settle(boolean contactsToo) throws InterruptedException {
    hold();
    if (lenient) {
      touchAll(contactsToo);
    }
    findings.end();
    awaitNothing(
        Duration.ofSeconds(40),
        () ->
            people.stream()
                .filter(person -> !person.isSeen())
                .map(person -> "no change of " + person.id + " was read:\n" + person.history())
                .toList());
    awaitNothing(Duration.ofSeconds(10), this::differencesOfStateTopic);
    awaitNothing(
        Duration.ofSeconds(20),
        () ->
            people.stream()
                .filter(this::lacksSocket)
                .map(person -> person.id + " cannot open a socket any more")
                .toList());
    for (int gateway = 0; gateway < gateways.ports().size(); gateway++) {
      int asked = gateway;
      for (String requester : new @Nullable String[] {null, FRIENDS.get(0), FRIENDS.get(2)}) {
        awaitNothing(Duration.ofSeconds(20), () -> lookUpAll(asked, requester));
      }
    }
    for (Onlooker onlooker : onlookers) {
      awaitNothing(Duration.ofSeconds(20), onlooker::differences);
    }
    release();
  }

  private List<String> differencesOfStateTopic() {
    Map<String, JsonNode> latest = StateTopic.latest(bootstrapServers);
    return people.stream()
        .filter(
            person -> {
              JsonNode stored = latest.get(person.id);
              State state = person.state();
              return stored == null
                  || !state.isOf(stored)
                  || !stored.path("visibility").asText().equals(state.visibility());
            })
        .map(person -> "stored is " + latest.get(person.id) + "\n" + person.history())
        .toList();
  }

  /** What everyone's state is. */
  Map<String, State> states() {
    return people.stream().collect(Collectors.toMap(person -> person.id, Person::state));
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    executor.shutdownNow();
    onlookers.forEach(Onlooker::close);
    sockets.values().forEach(LastingSocket::close);
    changes.close();
  }

  // What people do

  private void live(Person person, int number) {
    Random random = new Random(seed * 1_000_003 + number);
    try {
      enter();
      try {
        connect(person, number);
      } finally {
        leave();
      }
      while (!closed) {
        // What is late of its heartbeats is not to come after it is forgotten that it has left.
        long atLeast = person.saidGoodbye ? ttl.toMillis() : 0;
        long pause = (long) (-Math.log(1 - random.nextDouble()) * MEAN_PAUSE_MILLIS);
        Thread.sleep(atLeast + pause);
        enter();
        try {
          act(person, random, number);
        } finally {
          leave();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void act(Person person, Random random, int gateway) throws InterruptedException {
    State state = person.state();
    int what = random.nextInt(100);
    String claim = CLAIMS.get(random.nextInt(CLAIMS.size()));
    String visibility = VISIBILITIES.get(random.nextInt(VISIBILITIES.size()));
    String friend = FRIENDS.get(random.nextInt(FRIENDS.size()));
    boolean mayGo = !person.bySocket && !"invisible".equals(state.claim());
    if (!state.alive()) {
      // No heartbeat brings back one who said goodbye, for a window of presence time, which an
      // outage or a restart makes a longer one by any other clock.
      if (what < 50 || person.saidGoodbye) {
        connect(person, gateway);
      } else {
        perform(
            person,
            state.withAlive(true),
            null,
            gateway,
            "POST",
            "heartbeat",
            "{\"device\":\"web\"}");
      }
    } else if (what < 55) {
      status(person, claim, gateway);
    } else if (what < 70 && !visibility.equals(state.visibility())) {
      perform(
          person,
          state.withVisibility(visibility),
          null,
          gateway,
          "PUT",
          "visibility",
          "{\"visibility\":\"" + visibility + "\"}");
    } else if (what < 85) {
      contact(person, friend, gateway);
    } else if (what < 92 && mayGo) {
      person.beating = false;
      person.saidGoodbye = true;
      perform(
          person, state.withAlive(false), null, gateway, "POST", "offline", "{\"device\":\"web\"}");
    } else if (mayGo) {
      vanish(person, state);
    }
  }

  private void connect(Person person, int gateway) throws InterruptedException {
    String text = nextText();
    person.saidGoodbye = false;
    perform(
        person,
        person.state().connected(text),
        null,
        gateway,
        "POST",
        "online",
        "{\"device\":\"web\",\"custom_status\":\"" + text + "\"}");
  }

  private void status(Person person, String claim, int gateway) throws InterruptedException {
    String text = nextText();
    perform(
        person,
        person.state().withStatus(claim.equals("online") ? null : claim, text),
        null,
        gateway,
        "PUT",
        "status",
        "{\"status\":\"" + claim + "\",\"custom_status\":\"" + text + "\"}");
  }

  /** Sends no heartbeats any more, and waits until that has been seen. */
  private void vanish(Person person, State state) throws InterruptedException {
    person.beating = false;
    person.ask(state.withAlive(false), null);
    long patience = lenient ? ttl.toMillis() + 20_000 : 120_000;
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patience);
    while (!person.isSeen()) {
      if (System.nanoTime() > deadline) {
        if (!lenient) {
          findings.wrong(person.id + " is still online\n" + person.history());
        }
        return;
      }
      Thread.sleep(50);
    }
  }

  /** Asks for an event again and again, until it is accepted. */
  private void perform(
      Person person,
      State next,
      @Nullable String contact,
      int gateway,
      String method,
      String path,
      String body)
      throws InterruptedException {
    int step = person.ask(next, contact);
    long begun = System.nanoTime();
    long refused = 0;
    for (int attempt = 0; ; attempt++) {
      Optional<Gateways.Answer> answer =
          gateways.send(gateway + attempt, method, "/v1/users/" + person.id + "/" + path, body);
      if (answer.isPresent() && answer.get().status() == 202) {
        break;
      }
      if (answer.isPresent() && answer.get().status() < 500) {
        findings.wrong(
            "%s %s of %s, step %d: %d"
                .formatted(method, path, person.id, step, answer.get().status()));
      }
      refused = System.nanoTime();
      Thread.sleep(200);
    }
    person.accepted();
    if (next.alive() && (!person.bySocket || sockets.isEmpty())) {
      // Now, not after what follows: who is there sends heartbeats from then on.
      person.beating = true;
    }
    findings.writeTook(System.nanoTime() - begun);
    if (refused != 0) {
      long since = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - refused);
      Thread.sleep(Math.max(0, UNSURE_MILLIS - since));
    }
  }

  private String nextText() {
    return "text " + texts.incrementAndGet();
  }

  /** Heartbeats of all whom they keep online, four in a window. */
  private void beat() {
    try {
      while (!closed) {
        byPartition.forEach(
            (partition, group) -> {
              String events =
                  group.stream()
                      .filter(person -> person.beating || lacksSocket(person))
                      .map(
                          person ->
                              "{\"type\":\"heartbeat\",\"device\":\"web\",\"user_id\":\""
                                  + person.id
                                  + "\"}")
                      .collect(Collectors.joining(","));
              if (!events.isEmpty()) {
                executor.execute(() -> beat("{\"events\":[" + events + "]}"));
              }
            });
        Thread.sleep(ttl.toMillis() / 4);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Whether a person's socket is lost for so long that soon nobody can say any more that the person
   * is there: then it is HTTP that says so.
   */
  private boolean lacksSocket(Person person) {
    return lostNanos(person) > ttl.toNanos() / 2;
  }

  private long lostNanos(Person person) {
    LastingSocket socket = sockets.get(person);
    return socket == null ? 0 : socket.lostNanos();
  }

  private void beat(String events) {
    try {
      int first = ThreadLocalRandom.current().nextInt(gateways.ports().size());
      for (int i = 0; i < gateways.ports().size(); i++) {
        Optional<Gateways.Answer> answer = gateways.send(first + i, "POST", "/v1/events", events);
        if (answer.isPresent() && answer.get().status() == 202) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // The turnstile

  private void enter() throws InterruptedException {
    synchronized (turnstile) {
      while (held) {
        turnstile.wait();
      }
      doing++;
    }
  }

  private void leave() {
    synchronized (turnstile) {
      doing--;
      turnstile.notifyAll();
    }
  }

  private void hold() throws InterruptedException {
    synchronized (turnstile) {
      held = true;
      long deadline = System.nanoTime() + Duration.ofSeconds(150).toNanos();
      while (doing > 0) {
        if (System.nanoTime() > deadline) {
          findings.wrong(doing + " events are still not accepted");
          return;
        }
        turnstile.wait(500);
      }
    }
  }

  private void release() {
    synchronized (turnstile) {
      held = false;
      turnstile.notifyAll();
    }
  }

  /** Once more for everyone, for what was done before may never have been told. */
  private void touchAll(boolean contactsToo) throws InterruptedException {
    List<Person> untouched = people;
    for (int round = 0; round < 3 && !untouched.isEmpty(); round++) {
      boolean first = round == 0;
      List<Thread> threads = new ArrayList<>();
      for (Person person : untouched) {
        threads.add(
            Thread.startVirtualThread(
                () -> {
                  if (first && contactsToo) {
                    touchContacts(person);
                  }
                  touch(person);
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      List<Person> asked = untouched;
      for (int i = 0; i < 100 && asked.stream().anyMatch(person -> !person.isSeen()); i++) {
        Thread.sleep(100);
      }
      untouched = asked.stream().filter(person -> !person.isSeen()).toList();
    }
  }

  private void touch(Person person) {
    try {
      if (person.state().alive()) {
        status(person, person.state().claim() == null ? "busy" : "online", 0);
      } else {
        connect(person, 0);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** All contacts change, and change back. */
  private void touchContacts(Person person) {
    try {
      for (int i = 0; i < 2; i++) {
        for (String friend : FRIENDS) {
          contact(person, friend, 0);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void contact(Person person, String friend, int gateway) throws InterruptedException {
    State state = person.state();
    boolean add = !state.contacts().contains(friend);
    perform(
        person,
        state.withContact(friend, add),
        friend,
        gateway,
        add ? "PUT" : "DELETE",
        "contacts/" + friend,
        "");
  }

  // Those who look people up

  private void lookUp() {
    Random random = new Random(seed);
    try {
      for (int round = 0; !closed; round++) {
        int gateway = round;
        byPartition.forEach(
            (partition, group) -> {
              List<Person> some = new ArrayList<>();
              for (int i = 0; i < LOOKED_UP; i++) {
                some.add(group.get(random.nextInt(group.size())));
              }
              int who = random.nextInt(FRIENDS.size() + 1);
              String requester = who == FRIENDS.size() ? null : FRIENDS.get(who);
              executor.execute(() -> lookUp(partition, some, gateway, requester));
            });
        Thread.sleep(LOOKUP_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void lookUp(int partition, List<Person> some, int gateway, @Nullable String requester) {
    findings.lookup();
    int[] oldest = some.stream().mapToInt(Person::oldest).toArray();
    int[] oldestStale = some.stream().mapToInt(person -> person.oldest(BEHIND_NANOS)).toArray();
    try {
      Optional<JsonNode> answer = query(gateway, some, requester);
      if (answer.isEmpty()) {
        findings.noAnswer();
        return;
      }
      JsonNode json = answer.get();
      boolean stale = json.path("stale").asBoolean();
      Set<String> unavailable = new HashSet<>();
      json.path("unavailable").forEach(id -> unavailable.add(id.asText()));
      if (!unavailable.isEmpty()) {
        findings.unavailable();
      } else {
        findings.answered(partition, !stale);
      }
      for (int i = 0; i < some.size(); i++) {
        Person person = some.get(i);
        if (unavailable.contains(person.id)) {
          continue;
        }
        JsonNode presence = json.path("presences").get(person.id);
        int from = stale ? oldestStale[i] : oldest[i];
        if (person.find(from, state -> state.fits(requester, presence)) < 0) {
          findings.wrong(
              "%s was answered%s, from gateway %d, not before step %d: %s%n%s"
                  .formatted(
                      requester,
                      stale ? " by a standby" : "",
                      gateway % gateways.ports().size() + 1,
                      from,
                      presence == null ? person.id + " is not shown" : presence,
                      person.history()));
        }
      }
    } catch (IOException e) {
      findings.wrong("an answer that is no JSON: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<String> lookUpAll(int gateway, @Nullable String requester) {
    try {
      Optional<JsonNode> answer = query(gateway, people, requester);
      if (answer.isEmpty()) {
        return List.of("gateway " + (gateway + 1) + " does not answer");
      }
      JsonNode json = answer.get();
      if (json.has("stale") || !json.path("unavailable").isEmpty()) {
        return List.of("not all owners answer gateway " + (gateway + 1));
      }
      return people.stream()
          .filter(person -> !person.state().fits(requester, json.path("presences").get(person.id)))
          .map(
              person ->
                  "%s sees %s, but %s is %s"
                      .formatted(
                          requester,
                          json.path("presences").get(person.id),
                          person.id,
                          person.state()))
          .toList();
    } catch (IOException e) {
      return List.of("an answer that is no JSON: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of("interrupted");
    }
  }

  private Optional<JsonNode> query(
      int gateway, Collection<Person> asked, @Nullable String requester)
      throws IOException, InterruptedException {
    String ids =
        asked.stream()
            .map(person -> '"' + person.id + '"')
            .distinct()
            .collect(Collectors.joining(","));
    String as = requester == null ? "" : ",\"requester_id\":\"" + requester + "\"";
    Optional<Gateways.Answer> answer =
        gateways.send(
            gateway, "POST", "/v1/presence/query", "{\"user_ids\":[" + ids + "]" + as + "}");
    return answer.isPresent() && answer.get().status() == 200
        ? Optional.of(Json.MAPPER.readTree(answer.get().body()))
        : Optional.empty();
  }

  /** Waits until there is nothing amiss any more; what is then, was found. */
  private void awaitNothing(Duration patience, Supplier<List<String>> amiss)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    List<String> found = amiss.get();
    while (!found.isEmpty()) {
      if (System.nanoTime() > deadline) {
        found.forEach(what -> findings.wrong("in the end: " + what));
        return;
      }
      Thread.sleep(100);
      found = amiss.get();
    }
  }
}
