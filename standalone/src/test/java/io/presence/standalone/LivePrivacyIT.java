package io.presence.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.presence.gateway.Gateway;
import io.presence.schemas.presence.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Nobody is told more of a user than the rule allows at that version, while all of it changes. */
class LivePrivacyIT {
  private static final Logger log = LoggerFactory.getLogger(LivePrivacyIT.class);
  private static final int CHANGES = 10_000;
  private static final int BATCH = 400;
  private static final List<String> USERS = List.of("ada", "bea", "cid", "dot", "eli", "fay");
  private static final Set<String> ABOUT_WHO_SEES =
      Set.of("visibility", "contact_added", "contact_removed", "contacts_set");
  private static final String FRIEND = "friend";
  private static final String FLAPPER = "flapper";
  private static final String STRANGER = "stranger";

  @TempDir Path data;
  private final Random random = new Random(11);
  private final Map<String, Model> models = new TreeMap<>();

  /** The contacts of a user, as the events so far leave them. */
  private static final class Model {
    private final Set<String> contacts = new TreeSet<>();

    /** What each change by {@code contacts_set} sets, in order. */
    private final List<Set<String>> sets = new ArrayList<>();
  }

  /** One version of a user on the topic, and who may see it. */
  private record Version(
      String reason, JsonNode presence, Visibility visibility, Set<String> contacts) {
    boolean permits(@Nullable String requester, String userId) {
      return visibility.permits(
          requester, userId, requester != null && contacts.contains(requester));
    }
  }

  /** Someone who watches. */
  private record Watcher(String name, @Nullable String requester, LiveView view) {}

  @Test
  void shouldShowNobodyMoreThanTheRuleAllowsAtThatVersion() throws Exception {
    shouldShowNobodyMoreThanTheRuleAllowsAtThatVersion("all");
  }

  @Test
  void shouldShowNobodyMoreThanTheRuleAllowsWhereChangesAreDeliveredByInterest() throws Exception {
    shouldShowNobodyMoreThanTheRuleAllowsAtThatVersion("interest");
  }

  private void shouldShowNobodyMoreThanTheRuleAllowsAtThatVersion(String delivery)
      throws Exception {
    try (Deployment deployment =
            Deployment.start(
                data,
                Map.of(
                    "PRESENCE_DELIVERY", delivery,
                    "PRESENCE_HEARTBEAT_TTL", "30m",
                    "PRESENCE_AWAY_AFTER", "60m",
                    "PRESENCE_MESSAGE_RATE", "100000"));
        Gateway other = deployment.gateway(Map.of())) {
      USERS.forEach(user -> models.put(user, new Model()));
      List<LiveClient> clients = new ArrayList<>();
      List<Watcher> watchers = new ArrayList<>();
      for (int port : List.of(deployment.port(), other.port())) {
        for (String name : List.of(FRIEND, STRANGER, "ada", "bea")) {
          clients.add(watch(watchers, name + "@" + port, name, port, "user_id=" + name));
        }
        clients.add(watch(watchers, "nobody@" + port, null, port, ""));
        clients.add(watch(watchers, "for the friend@" + port, FRIEND, port, "requester_id=friend"));
      }
      AtomicBoolean over = new AtomicBoolean();
      LiveClient flapper = LiveClient.connect(other.port(), "user_id=" + FLAPPER);
      CompletableFuture<Integer> flapping =
          CompletableFuture.supplyAsync(() -> flap(flapper, over), Thread::startVirtualThread);
      try (EventStream stream =
              EventStream.open(
                  deployment.port(), "user_id=" + FRIEND + "&user_ids=" + String.join(",", USERS));
          TopicReader changes = deployment.reader(Deployment.TOPICS.changes())) {
        watchers.add(new Watcher("the friend's stream", FRIEND, stream.view()));
        long start = System.nanoTime();
        hammer(deployment.client(), changes);
        log.info(
            "{} changes in {} ms",
            changes.readToEnd().size(),
            Duration.ofNanos(System.nanoTime() - start).toMillis());
        over.set(true);
        log.info("{} times somebody subscribed anew", flapping.join());
        Map<String, NavigableMap<Long, Version>> truth = truth(changes.readToEnd());
        for (Watcher watcher : watchers) {
          awaitTheEnd(deployment.client(), watcher);
        }
        watchers.add(new Watcher("the flapper", FLAPPER, flapper.view()));
        List<String> faults = new ArrayList<>();
        int shown = 0;
        for (Watcher watcher : watchers) {
          shown += check(watcher, truth, faults);
        }
        log.info("{} presences were shown to {}", shown, watchers.size());
        assertThat(faults).isEmpty();
      }
      flapper.close();
      clients.forEach(LiveClient::close);
    }
  }

  private static LiveClient watch(
      List<Watcher> watchers, String name, @Nullable String requester, int port, String query) {
    LiveClient client = LiveClient.connect(port, query).subscribe(USERS);
    watchers.add(new Watcher(name, requester, client.view()));
    return client;
  }

  /** Subscribes and unsubscribes all the time. */
  private static int flap(LiveClient client, AtomicBoolean over) {
    int answers = 0;
    while (!over.get()) {
      client.subscribe(USERS).view().awaitMessages("initial_presence", ++answers);
      client.unsubscribe(USERS);
    }
    return answers;
  }

  /** Posts events of all kinds until there are enough changes, and all of them are on the topic. */
  private void hammer(Client client, TopicReader changes) {
    List<String> events = new ArrayList<>();
    for (String user : USERS) {
      events.add("{'type':'connected','user_id':'" + user + "','session_id':'s','device':'web'}");
    }
    post(client, events);
    for (int batch = 0; changes.poll().size() < CHANGES; batch++) {
      events.clear();
      for (int i = 0; i < BATCH; i++) {
        events.add(event(USERS.get(random.nextInt(USERS.size()))));
      }
      // No further ahead than this: subscribers are to see it as it happens.
      events.add(status(USERS.getFirst(), "busy", "batch " + batch));
      post(client, events);
      awaitText(changes, List.of(USERS.getFirst()), "batch " + batch);
    }
    // The last of each: who may see what is known when that is.
    post(client, USERS.stream().map(user -> status(user, "busy", "the end")).toList());
    awaitText(changes, USERS, "the end");
  }

  /** Waits until the last change of each of these has this text. */
  private static void awaitText(TopicReader changes, List<String> users, String text) {
    Set<String> missing = new HashSet<>(users);
    int[] read = {Math.max(0, changes.poll().size() - 2 * BATCH)};
    await()
        .atMost(LiveView.PATIENCE)
        .pollInterval(Duration.ofMillis(1))
        .until(
            () -> {
              List<ConsumerRecord<byte[], byte[]>> records = changes.poll();
              for (; read[0] < records.size(); read[0]++) {
                JsonNode presence = json(records.get(read[0])).path("presence");
                if (presence.path("custom_status").asText().equals(text)) {
                  missing.remove(presence.path("user_id").asText());
                }
              }
              return missing.isEmpty();
            });
  }

  private String event(String user) {
    Model model = Objects.requireNonNull(models.get(user));
    return switch (random.nextInt(12)) {
      case 0, 1 ->
          "{'type':'visibility','user_id':'%s','visibility':'%s'}"
              .formatted(
                  user,
                  List.of("everyone", "contacts", "contacts", "nobody").get(random.nextInt(4)));
      case 2, 3 -> {
        String contact = random.nextBoolean() ? FRIEND : FLAPPER;
        model.contacts.add(contact);
        yield "{'type':'contact_added','user_id':'%s','contact':'%s'}".formatted(user, contact);
      }
      case 4, 5 -> {
        String contact = random.nextBoolean() ? FRIEND : FLAPPER;
        model.contacts.remove(contact);
        yield "{'type':'contact_removed','user_id':'%s','contact':'%s'}".formatted(user, contact);
      }
      case 6 -> {
        Set<String> contacts = new TreeSet<>();
        for (String id : List.of(FRIEND, FLAPPER, "somebody")) {
          if (random.nextBoolean()) {
            contacts.add(id);
          }
        }
        if (!contacts.equals(model.contacts)) {
          model.sets.add(contacts);
          model.contacts.clear();
          model.contacts.addAll(contacts);
        }
        yield "{'type':'contacts_set','user_id':'%s','contacts':[%s]}"
            .formatted(
                user, String.join(",", contacts.stream().map(id -> "'" + id + "'").toList()));
      }
      case 7 -> status(user, "invisible", null);
      case 8 -> status(user, "online", "free " + random.nextInt(1_000));
      default -> status(user, "busy", "busy " + random.nextInt(1_000));
    };
  }

  private String status(String user, String status, @Nullable String text) {
    return "{'type':'status','user_id':'%s','status':'%s','activity':'act-%d'%s}"
        .formatted(
            user,
            status,
            random.nextInt(1_000),
            text == null ? "" : ",'custom_status':'" + text + "'");
  }

  private static void post(Client client, List<String> events) {
    client.post("/v1/events", "{'events':[" + String.join(",", events) + "]}").is(202);
  }

  /** What was to be seen of each user at each version, and by whom. */
  private Map<String, NavigableMap<Long, Version>> truth(
      List<ConsumerRecord<byte[], byte[]>> changes) {
    Map<String, NavigableMap<Long, Version>> truth = new HashMap<>();
    Map<String, Set<String>> contacts = new HashMap<>();
    Map<String, Integer> sets = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : changes) {
      JsonNode change = json(record);
      String user = change.path("user_id").asText();
      Set<String> now = contacts.computeIfAbsent(user, id -> new HashSet<>());
      switch (change.path("reason").asText()) {
        case "contact_added" -> now.add(change.path("contact").asText());
        case "contact_removed" -> now.remove(change.path("contact").asText());
        case "contacts_set" -> {
          now.clear();
          int index = sets.merge(user, 1, Integer::sum) - 1;
          now.addAll(Objects.requireNonNull(models.get(user)).sets.get(index));
        }
        default -> {}
      }
      truth
          .computeIfAbsent(user, id -> new TreeMap<>())
          .put(
              change.path("version").asLong(),
              new Version(
                  change.path("reason").asText(),
                  change.path("presence"),
                  Objects.requireNonNull(Visibility.ofWord(change.path("visibility").asText())),
                  Set.copyOf(now)));
    }
    models.forEach(
        (user, model) -> {
          assertThat(sets.getOrDefault(user, 0)).isEqualTo(model.sets.size());
          assertThat(contacts.get(user)).isEqualTo(model.contacts);
        });
    return truth;
  }

  /** Waits until someone is shown what a lookup shows, no more and no less. */
  private static void awaitTheEnd(Client client, Watcher watcher) {
    JsonNode presences = client.lookup(watcher.requester(), USERS).path("presences");
    await(watcher.name())
        .atMost(LiveView.PATIENCE)
        .untilAsserted(
            () -> {
              for (String user : USERS) {
                JsonNode shown = watcher.view().shown(user);
                if (presences.has(user)) {
                  assertThat(withoutTime(Objects.requireNonNull(shown, user)))
                      .isEqualTo(withoutTime(presences.get(user)));
                } else if (shown != null) {
                  assertThat(showsNothing(shown)).as("%s", shown).isTrue();
                }
              }
            });
  }

  /**
   * Holds all that someone was shown against the truth.
   *
   * @param faults what is wrong is added here
   * @return how many presences it was
   */
  private static int check(
      Watcher watcher, Map<String, NavigableMap<Long, Version>> truth, List<String> faults) {
    int shown = 0;
    for (String user : USERS) {
      NavigableMap<Long, Version> versions = Objects.requireNonNull(truth.get(user));
      long before = 0;
      Set<Long> seen = new HashSet<>();
      for (JsonNode presence : watcher.view().presencesOf(user)) {
        shown++;
        long version = presence.path("version").asLong();
        seen.add(version);
        String fault = fault(watcher.requester(), presence, versions.get(version), before);
        if (fault != null) {
          faults.add(
              "%s: %s: %s, among %s"
                  .formatted(watcher.name(), fault, presence, around(versions, version)));
        }
        before = version;
      }
      // Who sees a user all along is told all but what is about others' seeing them.
      if (user.equals(watcher.requester()) && watcher.view().messages("resync").isEmpty()) {
        versions.forEach(
            (version, then) -> {
              if (!ABOUT_WHO_SEES.contains(then.reason()) && !seen.contains(version)) {
                faults.add(watcher.name() + " was not told " + around(versions, version));
              }
            });
      }
    }
    return shown;
  }

  private static @Nullable String fault(
      @Nullable String requester, JsonNode presence, @Nullable Version then, long before) {
    if (then == null) {
      return "there is no such version";
    }
    if (presence.path("version").asLong() < before) {
      return "older than what was shown before";
    }
    // Less may be shown than was allowed then, if it is not allowed any more.
    boolean more =
        !showsNothing(presence) && !then.permits(requester, presence.path("user_id").asText());
    if (more
        || presence.path("last_seen").asDouble() > then.presence().path("last_seen").asDouble()) {
      return "more than is allowed";
    }
    return showsNothing(presence) || withoutTime(presence).equals(withoutTime(then.presence()))
        ? null
        : "not what it was";
  }

  /** The versions before and after one, with what decides who may see them. */
  private static String around(NavigableMap<Long, Version> versions, long version) {
    return versions.headMap(version, false).descendingMap().entrySet().stream()
            .limit(3)
            .map(LivePrivacyIT::told)
            .toList()
        + " then "
        + versions.tailMap(version, true).entrySet().stream()
            .limit(4)
            .map(LivePrivacyIT::told)
            .toList();
  }

  private static String told(Map.Entry<Long, Version> version) {
    Version then = version.getValue();
    return version.getKey()
        + " "
        + then.reason()
        + " "
        + then.visibility().word()
        + " "
        + then.contacts()
        + " "
        + then.presence().path("status").asText();
  }

  private static boolean showsNothing(JsonNode presence) {
    return presence.path("status").asText().equals("offline")
        && presence.path("custom_status").isNull()
        && presence.path("activity").isNull()
        && presence.path("devices").isEmpty();
  }

  /** Lookups tell the live last_seen, changes that of the change. */
  private static JsonNode withoutTime(JsonNode presence) {
    ObjectNode copy = presence.deepCopy();
    copy.remove("last_seen");
    return copy;
  }

  private static JsonNode json(ConsumerRecord<byte[], byte[]> record) {
    return TopicReader.json(Objects.requireNonNull(record.value()));
  }
}
