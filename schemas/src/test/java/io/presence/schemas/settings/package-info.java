@NullMarked
package io.presence.schemas.settings;

import org.jspecify.annotations.NullMarked;
