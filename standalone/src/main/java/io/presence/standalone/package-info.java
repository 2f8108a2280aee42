/** Everything in one JVM: a Kafka broker, one streams-app and one gateway. */
@NullMarked
package io.presence.standalone;

import org.jspecify.annotations.NullMarked;
