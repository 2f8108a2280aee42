/** Clients that put a load on servers. */
@NullMarked
package io.presence.bench.load;

import org.jspecify.annotations.NullMarked;
