package io.presence.schemas.settings;

import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One setting: an environment variable with a type and a default.
 *
 * @param name the variable
 * @param kind what a value looks like, with its unit
 * @param defaultText the default as one would write it; empty: none, or derived as {@code
 *     description} says
 * @param parts who reads it
 */
public record Setting<T>(
    String name,
    String kind,
    String defaultText,
    String parts,
    String description,
    Function<String, T> parser) {

  /**
   * The value in {@code environment}, else the default.
   *
   * @return null only if there is neither
   * @throws InvalidSettingException if the value is not of the setting's kind
   */
  public @Nullable T find(Map<String, String> environment) {
    String text = environment.get(name);
    if (text == null || text.isBlank()) {
      text = defaultText;
    }
    if (text.isEmpty()) {
      return null;
    }
    try {
      return parser.apply(text.strip());
    } catch (IllegalArgumentException e) {
      throw new InvalidSettingException(
          "%s: expected %s, got \"%s\"".formatted(name, kind, secret() ? "…" : text.strip()));
    }
  }

  /**
   * The value in {@code environment}, else the default.
   *
   * @throws InvalidSettingException if there is neither, or it is not of the setting's kind
   */
  public T get(Map<String, String> environment) {
    T value = find(environment);
    if (value == null) {
      throw new InvalidSettingException("%s: not set, expected %s".formatted(name, kind));
    }
    return value;
  }

  /** The value in {@code environment}, else {@code derived}. */
  public T getOrElse(Map<String, String> environment, T derived) {
    T value = find(environment);
    return value == null ? derived : value;
  }

  /** Whether values must not be shown. */
  public boolean secret() {
    return kind.startsWith("secret");
  }
}
