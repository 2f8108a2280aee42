/** How much one caller, or one address, may ask for. */
@NullMarked
package io.presence.gateway.limit;

import org.jspecify.annotations.NullMarked;
