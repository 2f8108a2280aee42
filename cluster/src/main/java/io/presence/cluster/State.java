package io.presence.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is true of a person after an event, by the rules: the model of the load.
 *
 * @param claim what the person claims; null: nothing
 * @param text the custom status
 */
record State(
    boolean known,
    boolean alive,
    @Nullable String claim,
    String text,
    String visibility,
    Set<String> contacts) {
  static final State UNKNOWN = new State(false, false, null, "", "everyone", Set.of());

  State {
    contacts = Set.copyOf(contacts);
  }

  /** The status that those see who may. */
  String status() {
    if (!alive || "invisible".equals(claim)) {
      return "offline";
    }
    return claim == null ? "online" : claim;
  }

  /**
   * Whether someone may see the person.
   *
   * @param requester null: a stranger
   */
  boolean isShownTo(@Nullable String requester) {
    return known
        && switch (visibility) {
          case "everyone" -> true;
          case "contacts" -> requester != null && contacts.contains(requester);
          default -> false;
        };
  }

  /** Whether a presence, or none, is what someone is to be shown. */
  boolean fits(@Nullable String requester, @Nullable JsonNode presence) {
    return presence == null ? !isShownTo(requester) : isShownTo(requester) && isOf(presence);
  }

  /** The same, for one who is told when someone is hidden: that is the last that is told. */
  boolean fitsToldTo(@Nullable String requester, JsonNode presence) {
    return isShownTo(requester)
        ? isOf(presence)
        : presence.path("status").asText().equals("offline");
  }

  /** Whether a presence tells this. */
  boolean isOf(JsonNode presence) {
    return presence.path("status").asText().equals(status())
        && presence.path("custom_status").asText("").equals(text);
  }

  State connected(String newText) {
    return new State(true, true, claim, newText, visibility, contacts);
  }

  State withAlive(boolean now) {
    return new State(known, now, claim, text, visibility, contacts);
  }

  State withStatus(@Nullable String newClaim, String newText) {
    return new State(known, alive, newClaim, newText, visibility, contacts);
  }

  State withVisibility(String now) {
    return new State(known, alive, claim, text, now, contacts);
  }

  State withContact(String contact, boolean added) {
    Set<String> now = new TreeSet<>(contacts);
    if (added) {
      now.add(contact);
    } else {
      now.remove(contact);
    }
    return new State(known, alive, claim, text, visibility, now);
  }
}
