package io.presence.streams.core;

/**
 * A session that said goodbye: until then, its late heartbeats are ignored.
 *
 * @param until in presence time
 */
public record Goodbye(String session, long until) {}
