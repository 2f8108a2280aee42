package io.presence.schemas.presence;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Why a presence changed, as far as others may know. */
public enum Reason {
  @JsonProperty("connected")
  CONNECTED("connected"),
  /** A heartbeat opened a session, or reopened one that had timed out. */
  @JsonProperty("heartbeat")
  HEARTBEAT("heartbeat"),
  @JsonProperty("active")
  ACTIVE("active"),
  @JsonProperty("idle")
  IDLE("idle"),
  @JsonProperty("status_set")
  STATUS_SET("status_set"),
  @JsonProperty("status_cleared")
  STATUS_CLEARED("status_cleared"),
  @JsonProperty("status_expired")
  STATUS_EXPIRED("status_expired"),
  @JsonProperty("disconnected")
  DISCONNECTED("disconnected"),
  @JsonProperty("timed_out")
  TIMED_OUT("timed_out"),
  @JsonProperty("visibility")
  VISIBILITY("visibility"),
  @JsonProperty("contact_added")
  CONTACT_ADDED("contact_added"),
  @JsonProperty("contact_removed")
  CONTACT_REMOVED("contact_removed"),
  @JsonProperty("contacts_set")
  CONTACTS_SET("contacts_set"),
  /** Nothing changed but the devices. */
  @JsonProperty("devices")
  DEVICES("devices"),
  @JsonProperty("erased")
  ERASED("erased");

  private final String word;

  Reason(String word) {
    this.word = word;
  }

  /** The word in JSON. */
  public String word() {
    return word;
  }
}
