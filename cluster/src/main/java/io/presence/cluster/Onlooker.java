package io.presence.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.json.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One who watches everyone over a socket, all the time. Whatever it is told must be what it may
 * see, and nothing goes back while the socket lasts; in the end its picture is the model's.
 */
final class Onlooker implements AutoCloseable {
  private final String name;
  private final Map<String, Person> people = new HashMap<>();
  private final Findings findings;
  private final Map<String, JsonNode> picture = new HashMap<>();
  private final Map<String, Integer> steps = new HashMap<>();
  private final LastingSocket socket;

  /** Those whom it was told of before a gap, and not since. */
  private final Set<String> stale = new HashSet<>();

  private boolean begun;

  /**
   * @param name as whom it sees
   * @param ports of the gateways; the first is tried first
   */
  Onlooker(String name, List<Integer> ports, List<Person> people, Findings findings) {
    this.name = name;
    this.findings = findings;
    people.forEach(person -> this.people.put(person.id, person));
    String ids =
        people.stream().map(person -> '"' + person.id + '"').collect(Collectors.joining(","));
    this.socket =
        new LastingSocket(
            ports,
            "user_id=" + name,
            "{\"type\":\"subscribe\",\"user_ids\":[" + ids + "]}",
            this::opening,
            this::take);
  }

  private synchronized void opening() {
    picture.clear();
    steps.clear();
    stale.clear();
    begun = false;
  }

  private synchronized void take(String text) {
    JsonNode message;
    try {
      message = Json.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      findings.wrong(name + " was told what is no JSON: " + text);
      return;
    }
    switch (message.path("type").asText()) {
      case "initial_presence" -> {
        JsonNode presences = message.path("presences");
        presences.properties().forEach(entry -> take(entry.getKey(), entry.getValue()));
        if (!begun) {
          begun = true;
          List<String> absent = new ArrayList<>(people.keySet());
          presences.fieldNames().forEachRemaining(absent::remove);
          message.path("unavailable").forEach(id -> absent.remove(id.asText()));
          absent.forEach(this::takeAbsent);
        }
      }
      case "presence_update" -> {
        JsonNode presence = message.path("presence");
        String userId = presence.path("user_id").asText();
        take(userId, presence);
        Person person = people.get(userId);
        if (person != null) {
          findings.updateLate(person.sinceAccepted(steps.getOrDefault(userId, 0)));
        }
      }
      case "welcome" -> {}
      case "resync" -> resync();
      default -> findings.wrong(name + " was told " + text);
    }
  }

  /**
   * All that it knows may be of the moment, for lookups show what is about to be committed. What it
   * is told anew is not older than what a standby may answer.
   */
  private void resync() {
    stale.addAll(people.keySet());
    steps.replaceAll(
        (userId, step) -> {
          Person person = people.get(userId);
          return person == null ? step : Math.min(step, person.oldest(Load.BEHIND_NANOS));
        });
  }

  private void take(String userId, JsonNode presence) {
    Person person = people.get(userId);
    if (person == null) {
      findings.wrong(name + " was told of one it does not watch: " + presence);
      return;
    }
    int before = steps.getOrDefault(userId, 0);
    int step = person.find(before, state -> state.fitsToldTo(name, presence));
    if (step < 0) {
      findings.wrong(
          "%s was told, after step %d, %s%n%s".formatted(name, before, presence, person.history()));
    } else {
      steps.put(userId, step);
    }
    JsonNode last = picture.put(userId, presence);
    boolean goesOn = !stale.remove(userId);
    if (goesOn
        && last != null
        && last.path("version").asLong() > presence.path("version").asLong()) {
      findings.wrong("%s was told %s after %s".formatted(name, presence, last));
    }
  }

  private void takeAbsent(String userId) {
    Person person = people.get(userId);
    if (person != null && person.find(0, state -> !state.isShownTo(name)) < 0) {
      findings.wrong(name + " was not told of " + userId + "\n" + person.history());
    }
  }

  /** Where its picture is not the model's; nothing if it is. */
  synchronized List<String> differences() {
    List<String> differences = new ArrayList<>();
    for (Person person : people.values()) {
      State state = person.state();
      JsonNode shown = picture.get(person.id);
      boolean right =
          shown == null ? !state.isShownTo(name) : begun && state.fitsToldTo(name, shown);
      if (!right) {
        differences.add("%s sees %s, but %s".formatted(name, shown, person.id + " is " + state));
      }
    }
    return differences;
  }

  @Override
  public void close() {
    socket.close();
  }
}
