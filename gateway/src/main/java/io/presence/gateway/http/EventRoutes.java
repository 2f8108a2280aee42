package io.presence.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.presence.gateway.auth.Identity;
import io.presence.gateway.limit.RateLimits;
import io.presence.gateway.limit.TooManyRequestsException;
import io.presence.gateway.write.Events;
import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEvent.Connected;
import io.presence.schemas.event.PresenceEvent.ContactAdded;
import io.presence.schemas.event.PresenceEvent.ContactRemoved;
import io.presence.schemas.event.PresenceEvent.ContactsSet;
import io.presence.schemas.event.PresenceEvent.Disconnected;
import io.presence.schemas.event.PresenceEvent.Erased;
import io.presence.schemas.event.PresenceEvent.Heartbeat;
import io.presence.schemas.event.PresenceEvent.Heartbeats;
import io.presence.schemas.event.PresenceEvent.Interest;
import io.presence.schemas.event.PresenceEvent.Lease;
import io.presence.schemas.event.PresenceEvent.OfUser;
import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.PresenceEvent.Tick;
import io.presence.schemas.event.PresenceEvent.VisibilitySet;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Fields;
import io.presence.schemas.json.InvalidJsonException;
import io.presence.schemas.json.Patch;
import io.presence.schemas.json.Problem;
import io.presence.schemas.presence.Visibility;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Everything that writes: each answers 202 once the log has it on its replicas. */
public final class EventRoutes {
  private static final int MAX_EVENTS = 1_000;
  private static final Map<String, Visibility> VISIBILITIES =
      Arrays.stream(Visibility.values())
          .collect(Collectors.toUnmodifiableMap(Visibility::word, Function.identity()));

  private final Events events;
  private final RateLimits limits;

  public EventRoutes(Events events, RateLimits limits) {
    this.events = events;
    this.limits = limits;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        Route.post("/v1/events", this::postEvents),
        Route.heartbeat("/v1/users/{id}/heartbeat", this::heartbeat),
        Route.post("/v1/users/{id}/online", this::online),
        Route.post("/v1/users/{id}/offline", this::offline),
        Route.put("/v1/users/{id}/status", this::setStatus),
        Route.delete("/v1/users/{id}/status", this::clearStatus),
        Route.put("/v1/users/{id}/visibility", this::setVisibility),
        Route.put("/v1/users/{id}/contacts", this::setContacts),
        Route.put("/v1/users/{id}/contacts/{other}", this::addContact),
        Route.delete("/v1/users/{id}/contacts/{other}", this::removeContact),
        Route.delete("/v1/users/{id}", this::erase));
  }

  private CompletionStage<Answer> postEvents(Call call) throws Exception {
    List<OfUser> posted = readEvents(call.body().elements("events", 1, MAX_EVENTS));
    checkAllowed(call.identity(), posted);
    int heartbeats = (int) posted.stream().filter(Heartbeat.class::isInstance).count();
    limits.heartbeats(call.identity(), heartbeats);
    limits.writes(call.identity(), posted.size() - heartbeats);
    CompletableFuture<?>[] written =
        posted.stream().map(events::write).toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(written).thenApply(done -> Answer.accepted());
  }

  private CompletionStage<Answer> heartbeat(Call call) throws Exception {
    String id = call.ownId();
    Fields body = call.body();
    Heartbeat heartbeat =
        new Heartbeat(
            id,
            body.optionalSessionId("session_id"),
            body.optionalDevice("device"),
            body.optionalBoolean("active"));
    limits.heartbeats(call.identity(), 1);
    return events.gather(heartbeat).thenApply(done -> Answer.accepted());
  }

  private CompletionStage<Answer> online(Call call) throws Exception {
    String id = call.ownId();
    Fields body = call.body();
    return write(
        call,
        new Connected(
            id,
            body.optionalSessionId("session_id"),
            body.optionalDevice("device"),
            body.customStatus("custom_status")));
  }

  private CompletionStage<Answer> offline(Call call) throws Exception {
    String id = call.ownId();
    Fields body = call.body();
    String session = body.optionalSessionId("session_id");
    String device = body.optionalDevice("device");
    return write(
        call, new Disconnected(id, session, device, null, session == null && device == null));
  }

  private CompletionStage<Answer> setStatus(Call call) throws Exception {
    String id = call.ownId();
    Fields body = call.body();
    return write(
        call,
        new StatusSet(
            id,
            null,
            null,
            body.word("status", SetStatus.WORDS),
            Scope.USER,
            body.customStatus("custom_status"),
            body.expiry("custom_status_expires_in"),
            body.activity("activity"),
            body.expiry("expires_in").value()));
  }

  private CompletionStage<Answer> clearStatus(Call call) throws Exception {
    return write(
        call,
        new StatusSet(
            call.ownId(),
            null,
            null,
            SetStatus.ONLINE,
            Scope.USER,
            Patch.keep(),
            Patch.keep(),
            Patch.keep(),
            null));
  }

  private CompletionStage<Answer> setVisibility(Call call) throws Exception {
    String id = call.ownId();
    return write(call, new VisibilitySet(id, call.body().word("visibility", VISIBILITIES)));
  }

  private CompletionStage<Answer> setContacts(Call call) throws Exception {
    String id = call.ownId();
    return write(
        call, new ContactsSet(id, call.body().ids("contacts", 0, PresenceEventCodec.MAX_CONTACTS)));
  }

  private CompletionStage<Answer> addContact(Call call) throws Exception {
    return write(call, new ContactAdded(call.ownId(), call.id("other")));
  }

  private CompletionStage<Answer> removeContact(Call call) throws Exception {
    return write(call, new ContactRemoved(call.ownId(), call.id("other")));
  }

  private CompletionStage<Answer> erase(Call call) throws Exception {
    return write(call, new Erased(call.anyId()));
  }

  private CompletionStage<Answer> write(Call call, OfUser event) throws TooManyRequestsException {
    limits.writes(call.identity(), 1);
    return events.write(event).thenApply(done -> Answer.accepted());
  }

  private static List<OfUser> readEvents(List<JsonNode> nodes) throws ProblemException {
    List<OfUser> events = new ArrayList<>(nodes.size());
    List<Problem.Fault> faults = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      try {
        events.add(readEvent(nodes.get(i)));
      } catch (InvalidJsonException e) {
        faults.add(new Problem.Fault(i, e.field(), String.valueOf(e.getMessage())));
      }
    }
    refuseIfAny(400, "events that cannot be taken", faults, nodes.size());
    return events;
  }

  private static OfUser readEvent(JsonNode node) throws InvalidJsonException {
    if (!node.isObject()) {
      throw new InvalidJsonException("", "expected an object");
    }
    PresenceEvent event = PresenceEventCodec.read(node);
    return switch (event) {
      case Interest interest -> throw new InvalidJsonException("type", "interest is not for here");
      case OfUser ofUser -> ofUser;
      case Lease lease -> throw new InvalidJsonException("type", "lease is not for here");
      case Heartbeats batch -> throw new InvalidJsonException("type", "heartbeats is not for here");
      case Tick tick -> throw new InvalidJsonException("type", "tick is not for here");
    };
  }

  private static void checkAllowed(Identity identity, List<OfUser> events) throws ProblemException {
    List<Problem.Fault> faults = new ArrayList<>();
    for (int i = 0; i < events.size(); i++) {
      String fault = fault(identity, events.get(i));
      if (fault != null) {
        faults.add(new Problem.Fault(i, "user_id", "user_id: " + fault));
      }
    }
    refuseIfAny(403, "events that you may not write", faults, events.size());
  }

  private static @Nullable String fault(Identity identity, OfUser event) {
    if (event instanceof Erased) {
      return identity.admin() ? null : "only an admin erases";
    }
    return identity.speaksFor(event.userId()) ? null : "neither you, nor are you a service";
  }

  private static void refuseIfAny(int status, String what, List<Problem.Fault> faults, int of)
      throws ProblemException {
    if (!faults.isEmpty()) {
      String detail = faults.size() + " of " + of + " " + what + "; none was taken";
      throw new ProblemException(new Problem(status, detail, faults));
    }
  }
}
