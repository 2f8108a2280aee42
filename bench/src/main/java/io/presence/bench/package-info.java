/** What Presence costs, side by side with what one would otherwise pick. */
@NullMarked
package io.presence.bench;

import org.jspecify.annotations.NullMarked;
