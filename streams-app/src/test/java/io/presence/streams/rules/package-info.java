/** The rules of presence, each as a test of the topology that production runs. */
@NullMarked
package io.presence.streams.rules;

import org.jspecify.annotations.NullMarked;
