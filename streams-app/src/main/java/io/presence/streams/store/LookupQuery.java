package io.presence.streams.store;

import io.presence.schemas.query.Lookup;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.query.Query;
import org.jspecify.annotations.Nullable;

/**
 * An interactive query for many users, privacy included: each partition's store answers for the ids
 * that belong to it, in their order.
 *
 * @param userIds by partition
 * @param contacts as {@link Lookup.Request#contacts}
 * @param taken what a copy must have taken in
 */
public record LookupQuery(
    @Nullable String requester, Map<Integer, List<String>> userIds, boolean contacts, Taken taken)
    implements Query<List<Lookup.Entry>> {

  /** One that any copy answers. */
  public LookupQuery(
      @Nullable String requester, Map<Integer, List<String>> userIds, boolean contacts) {
    this(requester, userIds, contacts, Taken.ANYTHING);
  }

  List<String> userIds(int partition) {
    return userIds.getOrDefault(partition, List.of());
  }
}
