@NullMarked
package io.presence.schemas.json;

import org.jspecify.annotations.NullMarked;
