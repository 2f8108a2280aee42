package io.presence.schemas.query;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which instance holds which partitions.
 *
 * @param partitions how many there are
 * @param instances all instances of the group, as the one that was asked knows them
 * @param address of the one that was asked; null if it is of an earlier version
 * @param epoch of the one that was asked: another one tells that it may have begun anew with what
 *     was committed, and so forgotten what it had shown before that
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Ownership(
    @JsonProperty("partitions") int partitions,
    @JsonProperty("instances") List<Instance> instances,
    @JsonProperty("address") @Nullable String address,
    @JsonProperty("epoch") @Nullable String epoch) {

  public Ownership {
    instances = instances == null ? List.of() : instances;
  }

  /** One that does not tell who was asked. */
  public Ownership(int partitions, List<Instance> instances) {
    this(partitions, instances, null, null);
  }

  /**
   * One instance.
   *
   * @param address host:port of its query server
   * @param active the partitions of users that it owns
   * @param standby the partitions of users that it holds a copy of
   * @param channelActive the partitions of channels that it owns
   * @param channelStandby the partitions of channels that it holds a copy of
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Instance(
      @JsonProperty("address") String address,
      @JsonProperty("active") List<Integer> active,
      @JsonProperty("standby") List<Integer> standby,
      @JsonProperty("channel_active") List<Integer> channelActive,
      @JsonProperty("channel_standby") List<Integer> channelStandby) {
    public Instance {
      active = active == null ? List.of() : active;
      standby = standby == null ? List.of() : standby;
      // An instance of an earlier version knows of no channels.
      channelActive = channelActive == null ? List.of() : channelActive;
      channelStandby = channelStandby == null ? List.of() : channelStandby;
    }
  }
}
