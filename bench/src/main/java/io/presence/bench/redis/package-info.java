/** The design that one would otherwise pick: presence in Redis. */
@NullMarked
package io.presence.bench.redis;

import org.jspecify.annotations.NullMarked;
