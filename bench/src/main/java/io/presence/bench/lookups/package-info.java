/** Lookups of many. */
@NullMarked
package io.presence.bench.lookups;

import org.jspecify.annotations.NullMarked;
