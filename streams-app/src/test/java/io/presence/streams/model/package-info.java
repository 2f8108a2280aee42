/**
 * A slow and obvious model of the presence rules, written apart from the core, and what holds the
 * two against each other.
 */
@NullMarked
package io.presence.streams.model;

import org.jspecify.annotations.NullMarked;
