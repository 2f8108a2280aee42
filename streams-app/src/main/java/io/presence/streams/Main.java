package io.presence.streams;

import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.settings.Settings;
import io.presence.schemas.topic.TopicSetup.UnfitTopicException;
import java.util.Map;

/** Runs one streams-app until it is told to stop. */
public final class Main {
  private Main() {}

  /** Takes its settings from the environment. Exits with 2 if one is wrong, with 1 if it fails. */
  @SuppressWarnings("SystemExitOutsideMain")
  public static void main(String[] args) throws InterruptedException {
    Map<String, String> environment = System.getenv();
    try {
      Settings.check(environment);
      StreamsApp app = StreamsApp.start(environment);
      Runtime.getRuntime().addShutdownHook(new Thread(app::close, "shutdown"));
      while (!app.ready()) {
        Thread.sleep(50);
      }
      System.out.println("streams-app is ready: http://127.0.0.1:" + app.port());
    } catch (InvalidSettingException e) {
      System.err.println(e.getMessage());
      System.exit(2);
    } catch (UnfitTopicException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }
}
