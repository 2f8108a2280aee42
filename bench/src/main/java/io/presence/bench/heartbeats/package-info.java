/**
 * Heartbeats through the topology, against what one would otherwise write and against the floor.
 */
@NullMarked
package io.presence.bench.heartbeats;

import org.jspecify.annotations.NullMarked;
