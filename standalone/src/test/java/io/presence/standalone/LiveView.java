package io.presence.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a subscriber was told, in order, and what it shows by that. It knows {@code
 * initial_presence}, {@code presence_update} and {@code resync}, and ignores all else.
 */
final class LiveView {
  static final Duration PATIENCE = Duration.ofSeconds(30);

  private final List<JsonNode> messages = new ArrayList<>();
  private final Map<String, JsonNode> shown = new HashMap<>();
  private final Map<String, Integer> counts = new HashMap<>();

  synchronized void add(JsonNode message) {
    messages.add(message);
    counts.merge(message.path("type").asText(), 1, Integer::sum);
    notifyAll();
    switch (message.path("type").asText()) {
      case "initial_presence" ->
          message
              .path("presences")
              .properties()
              .forEach(presence -> shown.put(presence.getKey(), presence.getValue()));
      case "presence_update" -> {
        JsonNode presence = message.path("presence");
        shown.put(presence.path("user_id").asText(), presence);
      }
      case "resync" -> shown.clear();
      default -> {}
    }
  }

  /** All that was said so far. */
  synchronized List<JsonNode> messages() {
    return List.copyOf(messages);
  }

  /** What was said so far of one type. */
  List<JsonNode> messages(String type) {
    return messages().stream()
        .filter(message -> message.path("type").asText().equals(type))
        .toList();
  }

  /** Each presence that was shown of a user so far, in order. */
  List<JsonNode> presencesOf(String userId) {
    List<JsonNode> presences = new ArrayList<>();
    for (JsonNode message : messages()) {
      JsonNode presence =
          switch (message.path("type").asText()) {
            case "initial_presence" -> message.path("presences").get(userId);
            case "presence_update" -> message.get("presence");
            default -> null;
          };
      if (presence != null && presence.path("user_id").asText().equals(userId)) {
        presences.add(presence);
      }
    }
    return presences;
  }

  /** The statuses that were shown of a user so far, in order. */
  List<String> statusesOf(String userId) {
    return presencesOf(userId).stream().map(presence -> presence.path("status").asText()).toList();
  }

  /** What is shown of a user now; null if nothing is. */
  synchronized @Nullable JsonNode shown(String userId) {
    return shown.get(userId);
  }

  /** The status shown of a user now; offline if nothing is known. */
  String status(String userId) {
    JsonNode presence = shown(userId);
    return presence == null ? "offline" : presence.path("status").asText();
  }

  /** Waits until something of a type was said. */
  JsonNode awaitMessage(String type) {
    return awaitMessages(type, 1);
  }

  /** Waits until so many messages of a type were said, and returns the last of them. */
  JsonNode awaitMessages(String type, int count) {
    return await(
        count + " of " + type,
        () -> counts.getOrDefault(type, 0) < count ? null : messages(type).get(count - 1));
  }

  /** Waits until a user is shown so. */
  JsonNode awaitStatus(String userId, String status) {
    return awaitShown(userId, presence -> presence.path("status").asText().equals(status));
  }

  /** Waits until what is shown of a user fits. */
  JsonNode awaitShown(String userId, Predicate<JsonNode> fits) {
    return await(
        userId,
        () -> {
          JsonNode presence = shown.get(userId);
          return presence != null && fits.test(presence) ? presence : null;
        });
  }

  private synchronized JsonNode await(String what, Supplier<@Nullable JsonNode> condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (JsonNode found = condition.get(); ; found = condition.get()) {
      if (found != null) {
        return found;
      }
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        throw new AssertionError("still waiting for " + what + "; shown: " + shown.get(what));
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while waiting for " + what, e);
      }
    }
  }
}
