@NullMarked
package io.presence.schemas.channel;

import org.jspecify.annotations.NullMarked;
