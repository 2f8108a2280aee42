package io.presence.schemas.json;

import org.jspecify.annotations.Nullable;

/**
 * What a writer says of one field: nothing, so that it stays; null, which clears it; or a value.
 *
 * @param said false if the field was absent
 * @param value the value; null clears
 */
public record Patch<T>(boolean said, @Nullable T value) {
  private static final Patch<?> KEEP = new Patch<>(false, null);
  private static final Patch<?> CLEAR = new Patch<>(true, null);

  @SuppressWarnings("unchecked")
  public static <T> Patch<T> keep() {
    return (Patch<T>) KEEP;
  }

  @SuppressWarnings("unchecked")
  public static <T> Patch<T> clear() {
    return (Patch<T>) CLEAR;
  }

  public static <T> Patch<T> set(T value) {
    return new Patch<>(true, value);
  }

  /** What the field holds after this. */
  public @Nullable T applyTo(@Nullable T current) {
    return said ? value : current;
  }
}
