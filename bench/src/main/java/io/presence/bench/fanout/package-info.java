/** What it costs to tell watchers of a change, and how long that takes. */
@NullMarked
package io.presence.bench.fanout;

import org.jspecify.annotations.NullMarked;
