package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.presence.schemas.presence.Visibility;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One user, ada, whom bob watches, with everything that takes time in the hands of the test: when
 * changes are read, when lookups are made and answered, when writes end, when timers fire.
 */
final class World implements Queries {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String USER = "ada";
  private static final String REQUESTER = "bob";

  /** How ada is from a version on. */
  record State(long version, Visibility visibility, boolean contact, String status) {
    boolean shows() {
      return visibility.permits(REQUESTER, USER, contact);
    }
  }

  /** A lookup that was asked for, and its answer once it was made. */
  final class Pending {
    private final CompletableFuture<Lookup.Answer> answer = new CompletableFuture<>();
    private Lookup.@Nullable Entry entry;

    boolean made() {
      return entry != null;
    }

    /** Looks now. */
    void make() {
      make(now, false);
    }

    /** Looks at how it was before, as a standby that is behind. */
    void makeStale(State at) {
      make(at, true);
    }

    void makeNotHere() {
      entry = Lookup.Entry.NOT_HERE;
    }

    private void make(State at, boolean stale) {
      entry =
          new Lookup.Entry(
              at.shows() ? Lookup.Outcome.SHOWN : Lookup.Outcome.NOT_SHOWN,
              at.shows() ? presence(at).getBytes(UTF_8) : null,
              at.version(),
              at.visibility(),
              at.contact(),
              stale);
    }

    void deliver() {
      lookups.remove(this);
      answer.complete(new Lookup.Answer(List.of(java.util.Objects.requireNonNull(entry))));
    }
  }

  State now = new State(1, Visibility.EVERYONE, false, "online");
  final TreeMap<Long, State> history = new TreeMap<>();
  final Deque<Change> unread = new ArrayDeque<>();
  final List<Pending> lookups = new ArrayList<>();
  final List<Runnable> timers = new ArrayList<>();
  final List<JsonNode> frames = new ArrayList<>();
  private final Deque<Runnable> writes = new ArrayDeque<>();
  private boolean instantWrites = true;

  /** The newest version that was read and does not show ada, and what was sent of before it. */
  private long hiddenSince;

  final List<String> sentTooLate = new ArrayList<>();

  final Fanout fanout =
      new Fanout(
          1,
          this,
          Duration.ofMinutes(1),
          Runnable::run,
          (delay, task) -> timers.add(task),
          new SimpleMeterRegistry());
  final Subscriber bob = fanout.subscriber(REQUESTER, this::write);

  World() {
    history.put(now.version(), now);
  }

  /** From now on a write ends when {@link #endWrite} says so. */
  void holdWrites() {
    instantWrites = false;
  }

  boolean endWrite() {
    Runnable written = writes.poll();
    if (written != null) {
      written.run();
    }
    return written != null;
  }

  void status(String status) {
    next(new State(version(), now.visibility(), now.contact(), status), "status_set", "");
  }

  void visibility(Visibility visibility) {
    next(new State(version(), visibility, now.contact(), now.status()), "visibility", "");
  }

  void contact(boolean contact) {
    next(
        new State(version(), now.visibility(), contact, now.status()),
        contact ? "contact_added" : "contact_removed",
        ",'contact':'bob'");
  }

  void contactOfSomeoneElse() {
    next(
        new State(version(), now.visibility(), now.contact(), now.status()),
        "contact_added",
        ",'contact':'eve'");
  }

  void contactsSet(boolean withBob) {
    next(new State(version(), now.visibility(), withBob, now.status()), "contacts_set", "");
  }

  /** As a new owner may have it that does not know what was never committed. */
  void goBackTo(State state) {
    history.tailMap(state.version(), false).clear();
    now = state;
    unread.clear();
  }

  /** Has the next change read. */
  boolean read() {
    Change change = unread.poll();
    if (change == null) {
      return false;
    }
    State state = history.get(change.version());
    if (state != null && !state.shows()) {
      hiddenSince = change.version();
    }
    Audience audience = fanout.audience(USER);
    if (audience != null) {
      List<Subscriber> ready = new ArrayList<>();
      audience.tell(List.of(change), ready);
      fanout.flush(ready);
    }
    return true;
  }

  void readAll() {
    while (read()) {
      // on to the next
    }
  }

  /** Makes and answers what is asked. */
  void answerAll() {
    while (!lookups.isEmpty()) {
      Pending next = lookups.getFirst();
      if (!next.made()) {
        next.make();
      }
      next.deliver();
    }
  }

  void fireTimers() {
    List<Runnable> due = List.copyOf(timers);
    timers.clear();
    due.forEach(Runnable::run);
  }

  /** Everything that is under way ends. */
  void settle() {
    while (!unread.isEmpty() || !lookups.isEmpty() || !timers.isEmpty() || !writes.isEmpty()) {
      readAll();
      answerAll();
      fireTimers();
      endWrite();
    }
  }

  /** What was sent since this was asked last, in short: type, version and status of ada. */
  List<String> sent() {
    List<String> sent = new ArrayList<>();
    for (JsonNode frame : frames) {
      String type = frame.path("type").asText();
      JsonNode presence =
          type.equals("initial_presence") ? frame.at("/presences/ada") : frame.path("presence");
      sent.add(
          type
              + (presence.isObject()
                  ? " " + presence.path("version") + " " + presence.path("status").asText()
                  : "")
              + (frame.has("unavailable") ? " unavailable" : ""));
    }
    frames.clear();
    return sent;
  }

  @Override
  public CompletionStage<Lookup.Answer> lookup(Lookup.Request request) {
    Pending pending = new Pending();
    lookups.add(pending);
    return pending.answer;
  }

  @Override
  public CompletionStage<Question.Reply> ask(Question question) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Ownership> ownership() {
    throw new UnsupportedOperationException();
  }

  private boolean write(Batch batch, Runnable written) {
    for (Message message : batch.messages()) {
      try {
        JsonNode frame = JSON.readTree(message.json());
        frames.add(frame);
        for (JsonNode presence : List.of(frame.at("/presences/ada"), frame.path("presence"))) {
          if (presence.path("custom_status").isTextual()
              && presence.path("version").asLong() < hiddenSince) {
            sentTooLate.add(frame + " after version " + hiddenSince + " was read");
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    if (!instantWrites) {
      writes.add(written);
    }
    return instantWrites;
  }

  private long version() {
    return now.version() + 1;
  }

  private void next(State state, String reason, String more) {
    now = state;
    history.put(state.version(), state);
    String json =
        ("{\"user_id\":\"ada\",\"version\":%d,\"at\":9.000,\"reason\":\"%s\",\"from\":\"online\","
                + "\"to\":\"%s\",\"presence\":%s,\"visibility\":\"%s\"%s}")
            .formatted(
                state.version(),
                reason,
                state.status(),
                presence(state),
                state.visibility().word(),
                more.replace('\'', '"'));
    try {
      unread.add(Change.read(json.getBytes(UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String presence(State state) {
    return ("{\"user_id\":\"ada\",\"status\":\"%s\",\"last_seen\":9.000,\"device\":\"web\","
            + "\"custom_status\":\"secret\",\"activity\":null,\"since\":9.000,\"version\":%d,"
            + "\"devices\":{}}")
        .formatted(state.status(), state.version());
  }
}
