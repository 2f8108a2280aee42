package io.presence.schemas.presence;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What others see of a user. An invisible user is shown {@link #OFFLINE}. */
public enum Status {
  @JsonProperty("online")
  ONLINE("online"),
  @JsonProperty("away")
  AWAY("away"),
  @JsonProperty("busy")
  BUSY("busy"),
  @JsonProperty("offline")
  OFFLINE("offline");

  private final String word;

  Status(String word) {
    this.word = word;
  }

  /** The word in JSON. */
  public String word() {
    return word;
  }
}
