@NullMarked
package io.presence.schemas.query;

import org.jspecify.annotations.NullMarked;
