/** Live updates: from the topic of changes to those who watch, as far as each may see. */
@NullMarked
package io.presence.gateway.live;

import org.jspecify.annotations.NullMarked;
