@NullMarked
package io.presence.schemas.event;

import org.jspecify.annotations.NullMarked;
