package io.presence.bench.micro;

import io.presence.schemas.event.PlainBatch;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.PresenceChange;
import io.presence.streams.core.Moment;
import io.presence.streams.core.Outcome;
import io.presence.streams.core.PresenceCore;
import io.presence.streams.core.Rules;
import io.presence.streams.core.UserState;
import io.presence.streams.store.PresenceJson;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.State;

/** The rules, the encoding and the parsing: what needs no store. */
@State(org.openjdk.jmh.annotations.Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class InProcess {
  private static final int BATCH = 1_000;

  private final PresenceCore core = new PresenceCore(Rules.from(Map.of()));
  private final Moment moment = new Moment(1_000, 1_700_000_001_000L, 2);
  private final PresenceEvent.OfSession heartbeat = new Heartbeat("ada", "s1", "web", true);
  private final PresenceEvent.OfSession status =
      new StatusSet(
          "ada",
          "s1",
          "web",
          SetStatus.BUSY,
          Scope.USER,
          Patch.set("In a meeting"),
          Patch.keep(),
          Patch.keep(),
          null);
  private final UserState online =
      Objects.requireNonNull(
          core.apply(
                  UserState.unknown("ada"), new Connected("ada", "s1", "web", Patch.keep()), moment)
              .after());
  private final PresenceChange change =
      Objects.requireNonNull(core.apply(online, status, moment).change());
  private final byte[] batch =
      PresenceEventCodec.write(
          new Heartbeats(
              IntStream.range(0, BATCH)
                  .mapToObj(i -> new Heartbeat("user-%07d".formatted(i), "s" + i, "web", true))
                  .toList()));
  private final PlainBatch plain = new PlainBatch();

  /** A heartbeat of an open session. */
  @Benchmark
  public Outcome applyHeartbeat() {
    return core.apply(online, heartbeat, moment);
  }

  /** A status that others see. */
  @Benchmark
  public Outcome applyStatus() {
    return core.apply(online, status, moment);
  }

  /** A change as it goes to its topic, the presence in it included. */
  @Benchmark
  public byte[] encodeChange() {
    return PresenceJson.change(change, PresenceJson.of(Objects.requireNonNull(change.presence())));
  }

  /** An entry of a batch, read in place. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public boolean readBatchInPlace() {
    return plain.read(batch);
  }

  /** An entry of a batch, read as events. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public List<Heartbeat> readBatchAsEvents() throws InvalidJsonException {
    return ((Heartbeats) PresenceEventCodec.read(batch)).entries();
  }
}
