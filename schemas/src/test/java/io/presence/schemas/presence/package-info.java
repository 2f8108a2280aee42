@NullMarked
package io.presence.schemas.presence;

import org.jspecify.annotations.NullMarked;
