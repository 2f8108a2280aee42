package io.presence.streams.rules;

import io.presence.schemas.event.PresenceEvent.StatusSet;
import io.presence.schemas.event.Scope;
import io.presence.schemas.event.SetStatus;
import io.presence.schemas.json.Patch;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a person sets: {@code busy().activity("in_call").expiresIn(60)}. */
record SetTo(
    SetStatus status,
    Patch<String> customStatus,
    Patch<Duration> customStatusExpiresIn,
    Patch<String> activity,
    @Nullable Duration expiresIn) {

  static SetTo online() {
    return of(SetStatus.ONLINE);
  }

  static SetTo away() {
    return of(SetStatus.AWAY);
  }

  static SetTo busy() {
    return of(SetStatus.BUSY);
  }

  static SetTo invisible() {
    return of(SetStatus.INVISIBLE);
  }

  private static SetTo of(SetStatus status) {
    return new SetTo(status, Patch.keep(), Patch.keep(), Patch.keep(), null);
  }

  SetTo text(String text) {
    return new SetTo(status, Patch.set(text), customStatusExpiresIn, activity, expiresIn);
  }

  SetTo noText() {
    return new SetTo(status, Patch.clear(), customStatusExpiresIn, activity, expiresIn);
  }

  SetTo textExpiresIn(long seconds) {
    return new SetTo(
        status, customStatus, Patch.set(Duration.ofSeconds(seconds)), activity, expiresIn);
  }

  SetTo textNeverExpires() {
    return new SetTo(status, customStatus, Patch.clear(), activity, expiresIn);
  }

  SetTo activity(String word) {
    return new SetTo(status, customStatus, customStatusExpiresIn, Patch.set(word), expiresIn);
  }

  SetTo noActivity() {
    return new SetTo(status, customStatus, customStatusExpiresIn, Patch.clear(), expiresIn);
  }

  SetTo expiresIn(long seconds) {
    return new SetTo(
        status, customStatus, customStatusExpiresIn, activity, Duration.ofSeconds(seconds));
  }

  StatusSet by(String userId, @Nullable String sessionId, Scope scope) {
    return new StatusSet(
        userId,
        sessionId,
        null,
        status,
        scope,
        customStatus,
        customStatusExpiresIn,
        activity,
        expiresIn);
  }
}
