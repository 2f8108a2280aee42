/** Sockets and event streams: the protocol, the sessions behind it, and who may open one. */
@NullMarked
package io.presence.gateway.socket;

import org.jspecify.annotations.NullMarked;
