package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.EpochSeconds;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A record of {@code channel-changes}, for those who follow its channel: read once, and encoded
 * once for all. When the member was last seen is not told: that it is here says enough.
 */
final class MemberChange {
  private static final byte[] NULL = "null".getBytes(US_ASCII);

  /** What became of the member. */
  enum Event {
    JOINED("joined"),
    UPDATED("updated"),
    LEFT("left");

    private final String word;

    Event(String word) {
      this.word = word;
    }

    private static Event of(String word) throws IOException {
      for (Event event : values()) {
        if (event.word.equals(word)) {
          return event;
        }
      }
      throw new IOException("not an event of a channel");
    }
  }

  private final byte[] json;
  private String channelId = "";
  private String userId = "";
  private @Nullable Event event;
  private @Nullable String reason;
  private long version;
  private int count = -1;
  private long joinedAt;
  private byte[] metadata = NULL;

  /** Which of the changes of its channel that were read here it is. */
  long place;

  private @Nullable Message message;

  private MemberChange(byte[] json) {
    this.json = json;
  }

  /**
   * Reads a change.
   *
   * @throws IOException if it is none
   */
  static MemberChange read(byte[] json) throws IOException {
    MemberChange change = new MemberChange(json);
    try (JsonParser in = Json.MAPPER.createParser(json)) {
      change.read(in);
    } catch (NumberFormatException e) {
      throw new IOException(e);
    }
    if (!Fields.isId(change.channelId)
        || !Fields.isId(change.userId)
        || change.event == null
        || change.version <= 0
        || change.count < 0) {
      throw new IOException("a change of a channel that lacks something");
    }
    return change;
  }

  String userId() {
    return userId;
  }

  long version() {
    return version;
  }

  /** How many members there are after it. */
  int count() {
    return count;
  }

  /** Since when the member is here, in milliseconds. */
  long joinedAt() {
    return joinedAt;
  }

  Event event() {
    if (event == null) {
      throw new IllegalStateException("not read");
    }
    return event;
  }

  boolean joined() {
    return event == Event.JOINED;
  }

  boolean left() {
    return event == Event.LEFT;
  }

  /** Whether the member is gone without having said so: a session that lives may be meant. */
  boolean lost() {
    return left() && ("timed_out".equals(reason) || "disconnected".equals(reason));
  }

  /** What is told of it. */
  Message message() {
    Message made = message;
    if (made == null) {
      made = message(event(), count);
      message = made;
    }
    return made;
  }

  /** The same, when it stands for others beside it. */
  Message message(Event shown, int countAfter) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(256 + metadata.length);
    write(out, "{\"type\":\"channel_update\",\"channel_id\":\"");
    write(out, channelId);
    write(out, "\",\"event\":\"");
    write(out, shown.word);
    write(out, "\",\"member\":{\"user_id\":\"");
    write(out, userId);
    write(out, "\",\"joined_at\":");
    write(out, EpochSeconds.format(joinedAt));
    write(out, ",\"last_seen\":null,\"metadata\":");
    out.writeBytes(metadata);
    if (shown == Event.LEFT && reason != null) {
      write(out, "},\"reason\":\"");
      write(out, reason);
      write(out, "\",\"count\":");
    } else {
      write(out, "},\"count\":");
    }
    write(out, Integer.toString(countAfter));
    out.write('}');
    return new Message("channel_update", out.toByteArray());
  }

  private void read(JsonParser in) throws IOException {
    expect(in.nextToken() == JsonToken.START_OBJECT);
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      JsonToken token = in.nextToken();
      switch (field) {
        case "channel_id" -> channelId = in.getText();
        case "event" -> event = Event.of(in.getText());
        case "reason" -> {
          if (token != JsonToken.VALUE_NULL) {
            reason = in.getText();
            expect(Fields.isId(reason));
          }
        }
        case "version" -> version = in.getLongValue();
        case "count" -> count = in.getIntValue();
        case "member" -> readMember(in);
        default -> in.skipChildren();
      }
    }
  }

  private void readMember(JsonParser in) throws IOException {
    expect(in.currentToken() == JsonToken.START_OBJECT);
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      JsonToken token = in.nextToken();
      switch (field) {
        case "user_id" -> userId = in.getText();
        case "joined_at" -> joinedAt = EpochSeconds.parse(in.getText());
        case "metadata" -> {
          if (token == JsonToken.START_OBJECT) {
            int start = (int) in.currentTokenLocation().getByteOffset();
            in.skipChildren();
            metadata = Arrays.copyOfRange(json, start, (int) in.currentLocation().getByteOffset());
          }
        }
        default -> in.skipChildren();
      }
    }
  }

  private static void write(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(UTF_8));
  }

  private static void expect(boolean so) throws IOException {
    if (!so) {
      throw new IOException("not a change of a channel");
    }
  }
}
