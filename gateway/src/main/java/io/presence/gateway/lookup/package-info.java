/** The way to the instances that hold presences. */
@NullMarked
package io.presence.gateway.lookup;

import org.jspecify.annotations.NullMarked;
