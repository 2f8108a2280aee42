@NullMarked
package io.presence.schemas.delivery;

import org.jspecify.annotations.NullMarked;
