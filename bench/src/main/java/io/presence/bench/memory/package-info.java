/** What users and sessions cost in memory, and how soon they are back after a restart. */
@NullMarked
package io.presence.bench.memory;

import org.jspecify.annotations.NullMarked;
