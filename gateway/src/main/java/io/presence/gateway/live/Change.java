package io.presence.gateway.live;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.EpochSeconds;
import io.presence.schemas.presence.Reason;
import io.presence.schemas.presence.Visibility;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A record of {@code presence-changes}, for those who watch its user: what decides who may see it
 * is read, its presence is cut out as it stands, and what is said of it is encoded when first
 * needed, once for all. For the thread of the feed; what it holds may be read by any.
 */
final class Change {
  private static final Map<String, Reason> REASONS =
      Stream.of(Reason.values()).collect(Collectors.toMap(Reason::word, Function.identity()));

  private final byte[] json;
  private String userId = "";
  private long version;
  private long at;
  private Visibility visibility = Visibility.NOBODY;
  private @Nullable Reason reason;
  private @Nullable String contact;
  private byte @Nullable [] presence;
  private boolean offline;
  private @Nullable Long lastSeen;
  private @Nullable String device;
  private long since;
  private boolean customStatus;

  // Two threads may each make one: they are the same, and cost less than a lock for each reader.
  private @Nullable Message update;
  private @Nullable Message hidden;

  private Change(byte[] json) {
    this.json = json;
  }

  /**
   * Reads a change.
   *
   * @throws IOException if it is none
   */
  static Change read(byte[] json) throws IOException {
    Change change = new Change(json);
    try (JsonParser in = Json.MAPPER.createParser(json)) {
      change.read(in);
    } catch (NumberFormatException e) {
      throw new IOException(e);
    }
    if (change.userId.isEmpty() || change.version <= 0) {
      throw new IOException("a change without a user or a version");
    }
    return change;
  }

  String userId() {
    return userId;
  }

  long version() {
    return version;
  }

  Visibility visibility() {
    return visibility;
  }

  /** Whether the user is as good as unknown from now on: nobody sees anything. */
  boolean unknown() {
    return presence == null || (offline && lastSeen == null && !customStatus);
  }

  /**
   * Whether it is news to one who sees the user before and after it. Who may see, and who counts as
   * a contact, is not; but to oneself it shows how long one is seen.
   */
  boolean isNewsTo(@Nullable String requester) {
    return !aboutContacts() && (reason != Reason.VISIBILITY || userId.equals(requester));
  }

  /** What becomes of {@code before}, whether {@code requester} is a contact, by this change. */
  Contact contact(@Nullable String requester, Contact before) {
    if (presence == null) {
      return Contact.NO;
    }
    if (reason == Reason.CONTACTS_SET) {
      return Contact.UNKNOWN;
    }
    if (!aboutContacts() || requester == null || !requester.equals(contact)) {
      return before;
    }
    return reason == Reason.CONTACT_ADDED ? Contact.YES : Contact.NO;
  }

  /** What those are told who may see the user. */
  Message update() {
    Message made = update;
    if (made == null) {
      if (presence == null) {
        throw new IllegalStateException("nobody sees one who was erased");
      }
      made = Message.update(presence);
      update = made;
    }
    return made;
  }

  /** What those are told last who may no longer see the user. */
  Message hidden() {
    Message made = hidden;
    if (made == null) {
      made = hiddenAt(version);
      hidden = made;
    }
    return made;
  }

  /** The same, of a version of which nothing more is known than that it hides the user. */
  Message hiddenAt(long later) {
    return presence == null
        ? Message.hidden(userId, null, null, at, later)
        : Message.hidden(userId, lastSeen, device, offline ? since : at, later);
  }

  private boolean aboutContacts() {
    return reason == Reason.CONTACT_ADDED
        || reason == Reason.CONTACT_REMOVED
        || reason == Reason.CONTACTS_SET;
  }

  private void read(JsonParser in) throws IOException {
    expect(in.nextToken() == JsonToken.START_OBJECT);
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      JsonToken token = in.nextToken();
      switch (field) {
        case "user_id" -> userId = in.getText();
        case "version" -> version = in.getLongValue();
        case "at" -> at = EpochSeconds.parse(in.getText());
        case "reason" -> reason = REASONS.get(in.getText());
        case "visibility" -> {
          Visibility read = Visibility.ofWord(in.getText());
          visibility = read == null ? Visibility.NOBODY : read;
        }
        case "contact" -> contact = token == JsonToken.VALUE_NULL ? null : in.getText();
        case "presence" -> {
          if (token != JsonToken.VALUE_NULL) {
            readPresence(in);
          }
        }
        default -> in.skipChildren();
      }
    }
  }

  private void readPresence(JsonParser in) throws IOException {
    expect(in.currentToken() == JsonToken.START_OBJECT);
    int start = (int) in.currentTokenLocation().getByteOffset();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      boolean absent = in.nextToken() == JsonToken.VALUE_NULL;
      switch (field) {
        case "status" -> offline = in.getText().equals("offline");
        case "last_seen" -> lastSeen = absent ? null : (Long) EpochSeconds.parse(in.getText());
        case "device" -> device = absent ? null : in.getText();
        case "custom_status" -> customStatus = !absent;
        case "since" -> since = EpochSeconds.parse(in.getText());
        default -> in.skipChildren();
      }
    }
    presence = Arrays.copyOfRange(json, start, (int) in.currentLocation().getByteOffset());
  }

  private static void expect(boolean so) throws IOException {
    if (!so) {
      throw new IOException("not a change");
    }
  }
}
