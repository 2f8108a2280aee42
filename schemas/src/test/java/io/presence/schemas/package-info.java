@NullMarked
package io.presence.schemas;

import org.jspecify.annotations.NullMarked;
