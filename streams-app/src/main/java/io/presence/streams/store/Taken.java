package io.presence.streams.store;

import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * How much a copy of a partition must have taken in so that it may answer.
 *
 * @param atLeast by partition, what timestamp the newest record that it has taken in must have at
 *     the least; {@link Long#MAX_VALUE}: it may not answer
 * @param ownedAfter a moment, by {@link System#nanoTime}: what was owned after it, and is a copy
 *     now, may answer whatever it has taken in, for then it had all there was; null: no matter when
 *     it was owned
 * @param owners whether {@code atLeast} holds for whoever owns the partition, too; if not, it
 *     always answers
 */
public record Taken(IntToLongFunction atLeast, @Nullable Long ownedAfter, boolean owners) {
  /** Whoever holds the partition answers, however old what it holds is. */
  public static final Taken ANYTHING = new Taken(partition -> Long.MIN_VALUE, null, false);

  /** No copy answers. */
  public static final Taken NO_COPY = new Taken(partition -> Long.MAX_VALUE, null, false);
}
