/** Who is calling. */
@NullMarked
package io.presence.gateway.auth;

import org.jspecify.annotations.NullMarked;
