@NullMarked
package io.presence.streams.store;

import org.jspecify.annotations.NullMarked;
