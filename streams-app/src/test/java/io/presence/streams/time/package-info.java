@NullMarked
package io.presence.streams.time;

import org.jspecify.annotations.NullMarked;
