/** What lives inside the process: the rules, the processor, the wheel, the store, the encoding. */
@NullMarked
package io.presence.bench.micro;

import org.jspecify.annotations.NullMarked;
