@NullMarked
package io.presence.streams;

import org.jspecify.annotations.NullMarked;
