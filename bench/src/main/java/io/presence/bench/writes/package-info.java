/** Writes over HTTP and sockets. */
@NullMarked
package io.presence.bench.writes;

import org.jspecify.annotations.NullMarked;
