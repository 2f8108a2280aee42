package io.presence.streams.store;

import org.apache.kafka.streams.query.Query;

/**
 * An interactive query for the timestamp of the newest record that has taken effect, to the second;
 * {@link Long#MIN_VALUE} if none has.
 */
public record TimestampQuery() implements Query<Long> {}
