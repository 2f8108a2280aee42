package io.presence.schemas.settings;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Prints every setting: {@code ./presence config}. */
public final class SettingsList {
  private SettingsList() {}

  /** Prints the list to standard output. */
  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    out.print(text());
  }

  /** The list: a paragraph for each setting, in the order in which one would read of them. */
  static String text() {
    StringBuilder text =
        new StringBuilder(
            "Every setting is an environment variable. Unset and empty are the same.\n");
    for (Setting<?> setting : Settings.all()) {
      text.append('\n').append(setting.name());
      if (!setting.defaultText().isEmpty()) {
        text.append('=').append(setting.defaultText());
      }
      text.append("\n  ")
          .append(setting.description())
          .append("\n  ")
          .append(setting.kind())
          .append(" · read by ")
          .append(setting.parts())
          .append('\n');
    }
    return text.toString();
  }
}
