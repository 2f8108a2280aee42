@NullMarked
package io.presence.streams.query;

import org.jspecify.annotations.NullMarked;
