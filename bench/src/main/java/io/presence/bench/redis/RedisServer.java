package io.presence.bench.redis;

import io.presence.bench.Bench;
import io.presence.bench.Cpu;
import io.presence.bench.Servers;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A Redis of one's own: as it comes, on a free port, and nothing of it on disk. */
public final class RedisServer implements AutoCloseable {
  private static final String PROGRAM = "redis-server";
  private static final Duration START_PATIENCE = Duration.ofSeconds(10);

  /** What a row says that cannot be held against it. */
  public static final String ABSENT = PROGRAM + " is not installed";

  private final Process process;
  private final int port;

  private RedisServer(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Starts one that ends with the benchmark; none if it is not installed. */
  public static Optional<RedisServer> start(Bench bench) throws IOException, InterruptedException {
    if (!isInstalled()) {
      return Optional.empty();
    }
    Path directory = bench.directory("redis");
    int port = Servers.freePort();
    Process process =
        new ProcessBuilder(
                PROGRAM,
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    RedisServer server = bench.own(new RedisServer(process, port));
    server.awaitStart();
    return Optional.of(server);
  }

  /** Where it listens, on loopback. */
  public int port() {
    return port;
  }

  /** CPU-seconds used so far. */
  public double cpuSeconds() throws IOException {
    return Cpu.of(process.pid());
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(START_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }

  private void awaitStart() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_PATIENCE.toNanos();
    while (true) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          throw new IOException(PROGRAM + " does not start", e);
        }
        Thread.sleep(20);
      }
    }
  }

  private static boolean isInstalled() {
    String path = System.getenv("PATH");
    return path != null
        && Stream.of(path.split(File.pathSeparator, -1))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, PROGRAM)));
  }
}
