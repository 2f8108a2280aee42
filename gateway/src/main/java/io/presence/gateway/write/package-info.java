/** The way into Kafka. */
@NullMarked
package io.presence.gateway.write;

import org.jspecify.annotations.NullMarked;
