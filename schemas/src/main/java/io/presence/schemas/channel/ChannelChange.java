package io.presence.schemas.channel;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import io.presence.schemas.presence.EpochSeconds;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A value of {@code channel-changes}: what others may see of a channel's members changed.
 *
 * @param at when, in milliseconds since the epoch
 * @param member as it is from now on; one who left as it was last
 * @param reason why the member left; absent on all others
 * @param count how many members there are from now on
 * @param version orders the changes of one channel; it does not count
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ChannelChange(
    @JsonProperty("channel_id") String channelId,
    @JsonProperty("event") Event event,
    @JsonProperty("at")
        @JsonSerialize(using = EpochSeconds.Serializer.class)
        @JsonDeserialize(using = EpochSeconds.Deserializer.class)
        Long at,
    @JsonProperty("member") Member member,
    @JsonProperty("reason") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Reason reason,
    @JsonProperty("count") int count,
    @JsonProperty("version") long version) {
  public ChannelChange {
    Objects.requireNonNull(channelId, "channel_id");
    Objects.requireNonNull(event, "event");
    Objects.requireNonNull(at, "at");
    Objects.requireNonNull(member, "member");
  }

  /** What became of the member. */
  public enum Event {
    @JsonProperty("joined")
    JOINED("joined"),
    @JsonProperty("updated")
    UPDATED("updated"),
    @JsonProperty("left")
    LEFT("left");

    private final String word;

    Event(String word) {
      this.word = word;
    }

    /** The word in JSON. */
    public String word() {
      return word;
    }
  }

  /** Why a member left. */
  public enum Reason {
    /** By its own act. */
    @JsonProperty("left")
    LEFT("left"),
    /** Its connection ended, or was lost and did not come back. */
    @JsonProperty("disconnected")
    DISCONNECTED("disconnected"),
    /** It was not heard of any more. */
    @JsonProperty("timed_out")
    TIMED_OUT("timed_out");

    private final String word;

    Reason(String word) {
      this.word = word;
    }

    /** The word in JSON. */
    public String word() {
      return word;
    }
  }
}
