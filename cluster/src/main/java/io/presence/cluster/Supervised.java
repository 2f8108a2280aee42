package io.presence.cluster;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;

/**
 * Runs the main class that it is given, and ends when whoever started it has ended, however that
 * ended: no process is left behind.
 */
final class Supervised {
  private Supervised() {}

  public static void main(String[] arguments) throws Throwable {
    Thread.ofPlatform().daemon().name("supervision").start(Supervised::awaitOrphaned);
    try {
      Class.forName(arguments[0])
          .getMethod("main", String[].class)
          .invoke(null, (Object) new String[0]);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static void awaitOrphaned() {
    try {
      while (System.in.read() >= 0) {
        // Nobody says anything.
      }
    } catch (IOException e) {
      // As good as the end.
    }
    Runtime.getRuntime().halt(1);
  }
}
