@NullMarked
package io.presence.standalone;

import org.jspecify.annotations.NullMarked;
