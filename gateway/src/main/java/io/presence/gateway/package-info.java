/** The edge: HTTP in front of Kafka and of the streams-apps. It keeps no state. */
@NullMarked
package io.presence.gateway;

import org.jspecify.annotations.NullMarked;
