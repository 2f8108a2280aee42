package io.presence.schemas.event;

import java.util.Map;

/** What a person can set. {@code offline} is another word for {@code invisible}. */
public enum SetStatus {
  ONLINE("online"),
  AWAY("away"),
  BUSY("busy"),
  INVISIBLE("invisible");

  /** Every word that is taken for a status to set. */
  public static final Map<String, SetStatus> WORDS =
      Map.of(
          "online",
          ONLINE,
          "away",
          AWAY,
          "busy",
          BUSY,
          "invisible",
          INVISIBLE,
          "offline",
          INVISIBLE);

  private final String word;

  SetStatus(String word) {
    this.word = word;
  }

  /** The word in JSON. */
  public String word() {
    return word;
  }
}
