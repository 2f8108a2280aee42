package io.presence.gateway;

import io.presence.schemas.settings.InvalidSettingException;
import io.presence.schemas.settings.Settings;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** Runs one gateway until it is told to stop. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws InterruptedException {
    Map<String, String> environment = System.getenv();
    Gateway gateway;
    try {
      Settings.check(environment);
      gateway = Gateway.start(environment, null);
    } catch (InvalidSettingException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    } catch (RuntimeException e) {
      LoggerFactory.getLogger(Main.class).debug("could not start", e);
      System.err.println("presence gateway could not start: " + e.getMessage());
      System.exit(1);
      return;
    }
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(
                    () -> {
                      gateway.close();
                      stopped.countDown();
                    }));
    LoggerFactory.getLogger(Main.class)
        .info(
            "presence gateway is listening: http://{}:{}",
            Settings.HTTP_HOST.get(environment),
            gateway.port());
    while (!gateway.ready()) {
      Thread.sleep(50);
    }
    System.out.println("gateway is ready: http://127.0.0.1:" + gateway.port());
    stopped.await();
  }
}
