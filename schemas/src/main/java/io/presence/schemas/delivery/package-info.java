/** What streams-apps and gateways agree on where changes are delivered by interest. */
@NullMarked
package io.presence.schemas.delivery;

import org.jspecify.annotations.NullMarked;
