/** The rules of channels, by example and by property, through the topology. */
@NullMarked
package io.presence.streams.channels;

import org.jspecify.annotations.NullMarked;
