package io.presence.gateway.live;

import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Does so many jobs at a time; the others wait in order. */
final class Lane {

  /** Something that takes time. */
  interface Job<T> {
    CompletionStage<T> begin();

    /** Its end: what came of it, or why nothing did. */
    void end(@Nullable T answer, @Nullable Throwable failure);
  }

  private final Queue<Job<?>> waiting = new ConcurrentLinkedQueue<>();
  private final Semaphore free;
  private final Executor executor;

  /**
   * @param executor begins jobs, and ends them
   */
  Lane(int atATime, Executor executor) {
    this.free = new Semaphore(atATime);
    this.executor = executor;
  }

  /** How many wait. */
  int waiting() {
    return waiting.size();
  }

  void add(Job<?> job) {
    waiting.add(job);
    executor.execute(this::pump);
  }

  private void pump() {
    while (!waiting.isEmpty() && free.tryAcquire()) {
      Job<?> job = waiting.poll();
      if (job == null) {
        free.release();
      } else {
        run(job);
      }
    }
  }

  private <T> void run(Job<T> job) {
    var unused =
        job.begin()
            .handleAsync(
                (answer, failure) -> {
                  free.release();
                  job.end(answer, failure);
                  pump();
                  return null;
                },
                executor);
  }
}
