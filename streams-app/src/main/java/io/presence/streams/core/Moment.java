package io.presence.streams.core;

/**
 * When something happens.
 *
 * @param now presence time, in milliseconds: what windows run on
 * @param timestamp the record's own, in milliseconds since the epoch: what people read, and what
 *     claims and texts expire by
 * @param offset the offset up to which the log has taken effect once this has
 */
public record Moment(long now, long timestamp, long offset) {}
