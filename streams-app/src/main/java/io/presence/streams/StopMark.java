package io.presence.streams;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that is there while nobody works in a directory and whoever did last stopped in good
 * order. It only tells what is worth trying: where it is missing, that is not known.
 */
final class StopMark {
  private final Path file;
  private final boolean found;

  private StopMark(Path file, boolean found) {
    this.file = file;
    this.found = found;
  }

  /** Takes it away, for the work begins. Only for one who has the directory locked. */
  static StopMark take(Path file) {
    try {
      return new StopMark(file, Files.deleteIfExists(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether the last one stopped in good order. */
  boolean found() {
    return found;
  }

  /** Puts it back: the work has ended in good order. */
  void put() {
    try {
      Files.write(file, new byte[0]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
