package io.presence.schemas.event;

import java.util.Map;

/** For whom a {@link PresenceEvent.StatusSet} speaks. */
public enum Scope {
  USER("user"),
  SESSION("session");

  /** The words in JSON. */
  public static final Map<String, Scope> WORDS = Map.of("user", USER, "session", SESSION);

  private final String word;

  Scope(String word) {
    this.word = word;
  }

  /** The word in JSON. */
  public String word() {
    return word;
  }
}
