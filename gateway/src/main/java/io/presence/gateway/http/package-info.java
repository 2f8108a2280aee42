/** The HTTP routes. */
@NullMarked
package io.presence.gateway.http;

import org.jspecify.annotations.NullMarked;
