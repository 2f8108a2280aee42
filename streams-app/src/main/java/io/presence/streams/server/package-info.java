/** The query server: what gateways ask a streams-app over HTTP. */
@NullMarked
package io.presence.streams.server;

import org.jspecify.annotations.NullMarked;
