package io.presence.bench.lookups;

import io.presence.bench.Cpu;
import io.presence.bench.load.HttpLoad;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Queries;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Asks stores in the same process, each client on a thread of its own. */
record InProcess(Queries queries) implements Asking {
  @Override
  public HttpLoad.Result ask(
      List<Population.Bulk> bulks, int clients, Duration warmUp, Duration time)
      throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
      var unused = run(threads, bulks, clients, warmUp);
      return run(threads, bulks, clients, time);
    }
  }

  private HttpLoad.Result run(
      ExecutorService threads, List<Population.Bulk> bulks, int clients, Duration time)
      throws InterruptedException {
    double cpuBefore = Cpu.ofSelf();
    long start = System.nanoTime();
    long end = start + time.toNanos();
    List<Callable<Histogram>> tasks = new ArrayList<>();
    for (int client = 0; client < clients; client++) {
      int first = client * 7;
      tasks.add(() -> client(bulks, first, end));
    }
    Histogram latencies = new Histogram(3);
    for (Future<Histogram> client : threads.invokeAll(tasks)) {
      try {
        latencies.add(client.get());
      } catch (ExecutionException e) {
        throw new IllegalStateException("a client failed", e);
      }
    }
    return new HttpLoad.Result(
        latencies.getTotalCount(),
        0,
        Duration.ofNanos(System.nanoTime() - start),
        latencies,
        Cpu.ofSelf() - cpuBefore);
  }

  private Histogram client(List<Population.Bulk> bulks, int first, long end) {
    Histogram latencies = new Histogram(3);
    long before = System.nanoTime();
    for (int i = first; before < end; i++) {
      Population.Bulk bulk = bulks.get(i % bulks.size());
      int shown = shown(bulk);
      if (shown != bulk.shown()) {
        throw new IllegalStateException("shown " + shown + " instead of " + bulk.shown());
      }
      long now = System.nanoTime();
      latencies.recordValue(TimeUnit.NANOSECONDS.toMicros(now - before));
      before = now;
    }
    return latencies;
  }

  /** How many are shown. */
  int shown(Population.Bulk bulk) {
    Lookup.Answer answer =
        queries
            .lookup(new Lookup.Request(Population.REQUESTER, bulk.ids(), false, false))
            .toCompletableFuture()
            .join();
    int shown = 0;
    for (Lookup.Entry entry : answer.entries()) {
      shown += entry.outcome() == Lookup.Outcome.SHOWN ? 1 : 0;
    }
    return shown;
  }
}
