package io.presence.standalone;

import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.settings.Settings;
import io.presence.schemas.topic.TopicSetup.UnfitTopicException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.slf4j.LoggerFactory;

/** Runs everything in one JVM until it is told to stop. */
public final class Main {
  private Main() {}

  /**
   * Takes its settings from the environment, and prints one line when lookups are answered. Exits
   * with 2 if a setting is wrong, with 1 if it cannot start or its broker fails.
   */
  @SuppressWarnings("SystemExitOutsideMain")
  public static void main(String[] args) throws InterruptedException {
    Map<String, String> environment = System.getenv();
    Standalone standalone;
    try {
      standalone = Standalone.start(environment);
    } catch (InvalidSettingException e) {
      exit(2, e);
      return;
    } catch (StartException | UnfitTopicException e) {
      exit(1, e);
      return;
    } catch (RuntimeException e) {
      LoggerFactory.getLogger(Main.class).error("cannot start", e);
      exit(1, e);
      return;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(standalone::close, "shutdown"));
    // Whatever the locale makes of standard output: the line is UTF-8.
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    out.printf(
        "presence is ready: http://%s:%d · Kafka %s%n",
        Settings.HTTP_HOST.get(environment), standalone.httpPort(), standalone.bootstrapServers());
    standalone.awaitFailure();
    System.err.println("presence: Kafka failed, see the log");
    // Without a broker, nothing can be finished in good order.
    Runtime.getRuntime().halt(1);
  }

  private static void exit(int status, Exception e) {
    System.err.println("presence: " + e.getMessage());
    System.exit(status);
  }
}
