package io.presence.bench;

import java.util.Locale;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * One line of the table.
 *
 * @param name what was measured
 * @param unit of {@code ours} and {@code reference}
 * @param better whether more or less of it is better
 * @param reference what a peer, or the floor, came to; null if there is none
 * @param referenceName what it is held against; empty if it is held against nothing
 * @param target what is asked of the ratio or, without a reference, of {@code ours}; null: nothing
 * @param serverCpu CPU-seconds of the servers; null if not counted
 * @param clientCpu CPU-seconds of the load client; null if not counted
 * @param latencies in microseconds
 */
public record Row(
    String name,
    String unit,
    Better better,
    double ours,
    @Nullable Double reference,
    String referenceName,
    @Nullable Double target,
    @Nullable Double serverCpu,
    @Nullable Double clientCpu,
    @Nullable Histogram latencies,
    String remark) {

  /** Which way is up. */
  public enum Better {
    MORE,
    LESS
  }

  /** A figure of which more is better, such as a rate. */
  public static Row more(String name, String unit, double ours) {
    return of(name, unit, Better.MORE, ours);
  }

  /** A figure of which less is better, such as a time or a size. */
  public static Row less(String name, String unit, double ours) {
    return of(name, unit, Better.LESS, ours);
  }

  private static Row of(String name, String unit, Better better, double ours) {
    return new Row(name, unit, better, ours, null, "", null, null, null, null, "");
  }

  /** Held against this. */
  public Row against(String other, double figure) {
    return new Row(
        name, unit, better, ours, figure, other, target, serverCpu, clientCpu, latencies, remark);
  }

  /** To be held against what is not there. */
  public Row againstNone(String other, String why) {
    return new Row(
        name, unit, better, ours, null, other, target, serverCpu, clientCpu, latencies, why);
  }

  /** What is asked: of the ratio if there is something that it is held against, else of ours. */
  public Row target(double figure) {
    return new Row(
        name,
        unit,
        better,
        ours,
        reference,
        referenceName,
        figure,
        serverCpu,
        clientCpu,
        latencies,
        remark);
  }

  /** What it cost, in CPU-seconds. */
  public Row cpu(double server, double client) {
    return new Row(
        name,
        unit,
        better,
        ours,
        reference,
        referenceName,
        target,
        server,
        client,
        latencies,
        remark);
  }

  /** How long each took, in microseconds. */
  public Row latencies(Histogram histogram) {
    return new Row(
        name,
        unit,
        better,
        ours,
        reference,
        referenceName,
        target,
        serverCpu,
        clientCpu,
        histogram,
        remark);
  }

  /** Something one has to know to read it. */
  public Row remark(String text) {
    return new Row(
        name,
        unit,
        better,
        ours,
        reference,
        referenceName,
        target,
        serverCpu,
        clientCpu,
        latencies,
        text);
  }

  /** How many times better than the reference; null if there is none. */
  public @Nullable Double ratio() {
    if (reference == null) {
      return null;
    }
    return better == Better.MORE ? ours / reference : reference / ours;
  }

  /** Whether what is asked holds; true if nothing can be asked. */
  public boolean holds() {
    if (target == null) {
      return true;
    }
    Double ratio = ratio();
    if (ratio != null) {
      return ratio >= target;
    }
    if (!referenceName.isEmpty()) {
      return true;
    }
    return better == Better.MORE ? ours >= target : ours <= target;
  }

  /** A figure with three digits that count. */
  static String format(double figure) {
    double size = Math.abs(figure);
    if (size >= 100) {
      return String.format(Locale.ROOT, "%,.0f", figure);
    }
    return String.format(Locale.ROOT, size >= 10 ? "%.1f" : "%.2f", figure);
  }
}
