package io.presence.schemas.presence;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** Who may see a user's presence. Oneself always may. */
public enum Visibility {
  @JsonProperty("everyone")
  EVERYONE("everyone"),
  @JsonProperty("contacts")
  CONTACTS("contacts"),
  @JsonProperty("nobody")
  NOBODY("nobody");

  private final String word;

  Visibility(String word) {
    this.word = word;
  }

  /** The word in JSON. */
  public String word() {
    return word;
  }

  /** The visibility that {@code word} names, or null if it names none. */
  public static @Nullable Visibility ofWord(String word) {
    for (Visibility visibility : values()) {
      if (visibility.word.equals(word)) {
        return visibility;
      }
    }
    return null;
  }

  /**
   * The one privacy rule: whether {@code requester} may see {@code userId}.
   *
   * @param requester who asks; null for a stranger
   * @param contact whether the requester counts as a contact of the user
   */
  public boolean permits(@Nullable String requester, String userId, boolean contact) {
    if (userId.equals(requester)) {
      return true;
    }
    return switch (this) {
      case EVERYONE -> true;
      case CONTACTS -> requester != null && contact;
      case NOBODY -> false;
    };
  }
}
