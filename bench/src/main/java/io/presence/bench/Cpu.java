package io.presence.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;

/** CPU time of processes. */
public final class Cpu {
  /** What the kernel counts in, on every Linux that matters here. */
  private static final double TICKS_PER_SECOND = 100;

  private Cpu() {}

  /** CPU-seconds that this process has used, in the kernel's part, too. */
  public static double ofSelf() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e9;
  }

  /** CPU-seconds that a process has used, to a hundredth; only on Linux. */
  public static double of(long pid) throws IOException {
    return seconds(Files.readString(Path.of("/proc", Long.toString(pid), "stat")));
  }

  /** CPU-seconds that the threads of a process have used that are there now and so called. */
  static double ofThreads(long pid, String name) throws IOException {
    double sum = 0;
    try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path thread : threads.toList()) {
        String stat;
        try {
          stat = Files.readString(thread.resolve("stat"));
        } catch (IOException e) {
          // It ended meanwhile.
          continue;
        }
        if (stat.contains("(" + name)) {
          sum += seconds(stat);
        }
      }
    }
    return sum;
  }

  private static double seconds(String stat) {
    // The name of the program may have anything in it.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
  }

  /** Resident memory of a process in bytes; only on Linux. */
  static long residentBytes(long pid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(Objects.requireNonNull(line.replaceAll("[^0-9]", ""))) * 1024;
      }
    }
    throw new IOException("process " + pid + " has no VmRSS");
  }
}
