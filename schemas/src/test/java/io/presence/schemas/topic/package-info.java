@NullMarked
package io.presence.schemas.topic;

import org.jspecify.annotations.NullMarked;
