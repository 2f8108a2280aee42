/** What of the queries takes a real broker to be tried. */
@org.jspecify.annotations.NullMarked
package io.presence.streams.query;
