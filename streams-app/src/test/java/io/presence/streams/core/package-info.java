@NullMarked
package io.presence.streams.core;

import org.jspecify.annotations.NullMarked;
