/** A cluster of processes, and what breaks it. */
@NullMarked
package io.presence.cluster;

import org.jspecify.annotations.NullMarked;
