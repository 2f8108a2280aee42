package io.presence.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.schemas.topic.Partitioning;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One of those in the load: what was asked of the service for this person, in order, and so what
 * may be shown. Events are asked for one at a time, and again until they are accepted, so the last
 * state is the only one whose event may not have happened yet.
 */
final class Person {
  /** What an event did, when it was accepted, and when its change was read. In nanoseconds. */
  private record Step(State state, @Nullable String contact, long[] times) {
    private static final int ACCEPTED = 0;
    private static final int SEEN = 1;
  }

  private static final int LENIENCE = 10;

  final String id;
  final int partition;

  /** Whether a socket keeps the person online; if not, heartbeats over HTTP do. */
  final boolean bySocket;

  /** Whether heartbeats are to be sent. */
  volatile boolean beating;

  /** Whether the person was last heard of by a goodbye. */
  volatile boolean saidGoodbye;

  private final List<Step> steps = new ArrayList<>();
  private final boolean lenient;

  /** The step whose change was read last. */
  private int seen;

  private long lastVersion;

  /**
   * @param lenient whether changes may be missing, repeated, and for a moment old
   */
  Person(String id, boolean bySocket, boolean lenient) {
    this.id = id;
    this.partition = Partitioning.partitionOf(id, Cluster.PARTITIONS);
    this.bySocket = bySocket;
    this.lenient = lenient;
    steps.add(new Step(State.UNKNOWN, null, new long[2]));
  }

  /** The state after all that was asked for. */
  synchronized State state() {
    return steps.getLast().state;
  }

  /** An event is asked for that leads to this state; from now on both may be shown. */
  synchronized int ask(State next, @Nullable String contact) {
    steps.add(new Step(next, contact, new long[2]));
    return steps.size() - 1;
  }

  /** The event that was asked for last was accepted. */
  synchronized void accepted() {
    steps.getLast().times[Step.ACCEPTED] = System.nanoTime();
  }

  /** Whether the change of all that was asked for was read. */
  synchronized boolean isSeen() {
    return seen == steps.size() - 1;
  }

  /** Whether any change was read. */
  synchronized boolean wasSeen() {
    return seen > 0;
  }

  /** Whether a change has not been read for so long after its event was accepted. */
  synchronized boolean isUnseenFor(long nanos) {
    if (seen == steps.size() - 1) {
      return false;
    }
    long accepted = steps.get(seen + 1).times[Step.ACCEPTED];
    return accepted != 0 && System.nanoTime() - accepted > nanos;
  }

  /** From where on answers may be that are asked for now. */
  synchronized int oldest() {
    return lenient ? Math.max(0, seen - LENIENCE) : seen;
  }

  /** The same, where they may be behind by some time. */
  synchronized int oldest(long behindNanos) {
    long since = System.nanoTime() - behindNanos;
    int oldest = seen;
    while (oldest > 0 && steps.get(oldest).times[Step.SEEN] - since > 0) {
      oldest--;
    }
    return lenient ? Math.max(0, oldest - LENIENCE) : oldest;
  }

  /** The first state from {@code oldest} on, as they were asked for, that fits; -1: none does. */
  synchronized int find(int oldest, Predicate<State> fits) {
    for (int i = oldest; i < steps.size(); i++) {
      if (fits.test(steps.get(i).state)) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Takes a change as it was read from the log.
   *
   * @return by how many nanoseconds it came later than its event was accepted; 0 if it was not yet
   * @throws AssertionError if it is not the next one
   */
  synchronized long change(JsonNode change) {
    long version = change.path("version").asLong();
    if (version <= lastVersion && !lenient) {
      throw new AssertionError("version " + version + " after " + lastVersion + ": " + change);
    }
    lastVersion = version;
    if (lenient) {
      int found = find(Math.max(1, seen - LENIENCE), state -> isOf(state, change));
      if (found < 0) {
        throw new AssertionError("nothing that was asked for: " + change + "\n" + history());
      }
      // Of those that look alike, the newest that was accepted.
      for (int i = found + 1; i < steps.size(); i++) {
        if (isOf(steps.get(i).state, change)) {
          found = i;
        }
      }
      seen = found;
    } else {
      if (seen == steps.size() - 1) {
        throw new AssertionError("nobody asked for it: " + change + "\n" + history());
      }
      Step next = steps.get(seen + 1);
      boolean right =
          isOf(next.state, change)
              && (next.contact == null || next.contact.equals(change.path("contact").asText()));
      if (!right) {
        throw new AssertionError("not what comes next: " + change + "\n" + history());
      }
      seen++;
    }
    long now = System.nanoTime();
    Step step = steps.get(seen);
    step.times[Step.SEEN] = now;
    long accepted = step.times[Step.ACCEPTED];
    return accepted == 0 ? 0 : now - accepted;
  }

  /**
   * How long ago the event of a step was accepted, in nanoseconds, if it is the last one and gave
   * the person a new text; else 0.
   */
  synchronized long sinceAccepted(int step) {
    if (step == 0 || step != steps.size() - 1) {
      return 0;
    }
    long accepted = steps.get(step).times[Step.ACCEPTED];
    boolean newText = !steps.get(step).state.text().equals(steps.get(step - 1).state.text());
    return newText && accepted != 0 ? System.nanoTime() - accepted : 0;
  }

  private static boolean isOf(State state, JsonNode change) {
    return state.isOf(change.path("presence"))
        && state.visibility().equals(change.path("visibility").asText());
  }

  /** What is known, for one who has to find out what went wrong. */
  synchronized String history() {
    StringBuilder history = new StringBuilder();
    long now = System.nanoTime();
    for (int i = Math.max(0, seen - 4); i < steps.size(); i++) {
      Step step = steps.get(i);
      history.append(
          "  %d%s accepted %s, read %s: %s%n"
              .formatted(
                  i,
                  i == seen ? "*" : "",
                  ago(now, step.times[Step.ACCEPTED]),
                  ago(now, step.times[Step.SEEN]),
                  step.state));
    }
    return history.toString();
  }

  private static String ago(long now, long then) {
    return then == 0 ? "never" : TimeUnit.NANOSECONDS.toMillis(now - then) + " ms ago";
  }
}
