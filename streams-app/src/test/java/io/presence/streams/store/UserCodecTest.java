package io.presence.streams.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.presence.schemas.event.SetStatus;
import io.presence.schemas.presence.Presence;
import io.presence.schemas.presence.Status;
import io.presence.schemas.presence.Visibility;
import io.presence.streams.core.Claim;
import io.presence.streams.core.CustomStatus;
import io.presence.streams.core.Goodbye;
import io.presence.streams.core.Pulse;
import io.presence.streams.core.Session;
import io.presence.streams.core.SessionClock;
import io.presence.streams.core.UserState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserCodecTest {
  private static final long SEEN = 1_764_000_000_123L;

  private final SessionClock web = new SessionClock("ada", "s1");
  private final SessionClock ios = new SessionClock("ada", "s2");
  private final Pulse pulse = new Pulse(1_764_000_000_456L);

  @Test
  void shouldReadWhatItWroteWhenEverythingIsSet() {
    assertReads(busy());
  }

  @Test
  void shouldReadWhatItWroteWhenNothingIsKnown() {
    assertReads(UserState.unknown("ada", 7));
  }

  @Test
  void shouldReadWhatItWroteWhenThereAreManyLongNames() {
    UserState busy = busy();
    List<Goodbye> goodbyes = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      goodbyes.add(new Goodbye("s".repeat(128) + i, i));
    }
    assertReads(
        new UserState(
            "ada",
            busy.sessions(),
            goodbyes,
            null,
            null,
            new CustomStatus("ü".repeat(140), Claim.NEVER),
            Visibility.NOBODY,
            false,
            "tv",
            1,
            busy.frozen(),
            busy.pulse(),
            busy.shown(),
            Long.MAX_VALUE));
  }

  @Test
  void shouldTellTheHeaderWithoutDecoding() {
    byte[] stored = encode(busy());

    assertThat(UserCodec.userId(stored)).isEqualTo("ada");
    assertThat(UserCodec.version(stored)).isEqualTo(9);
    assertThat(UserCodec.changedBy(stored)).isEqualTo(42);
    assertThat(UserCodec.isPending(stored)).isTrue();
    assertThat(UserCodec.isKnown(stored)).isTrue();
    assertThat(UserCodec.visibility(stored)).isEqualTo(Visibility.CONTACTS);
    assertThat(UserCodec.presence(stored)).isEqualTo(PresenceJson.of(busy().shown()).bytes());
  }

  @Test
  void shouldPutInAnotherLastSeen() {
    byte[] stored = encode(busy());

    assertThat(UserCodec.presence(stored, SEEN + 1_000))
        .asString(StandardCharsets.UTF_8)
        .contains("\"last_seen\":1764000001.123,");
    assertThat(UserCodec.presence(stored, SEEN - 1_000))
        .isEqualTo(PresenceJson.of(busy().shown()).bytes());
  }

  @Test
  void shouldReadWhatWasStoredInFormatOne() {
    String rest =
        """
        {"sessions":[{"name":"s1","device":"web","started_at":5},\
        {"name":"s2","device":"ios","started_at":6,"away":true,"declared_away":true}],\
        "last_seen":1764000000456,"goodbyes":[{"session":"s0","until":8}],\
        "claim":"busy","claim_expires_at":1764000009000,"activity":"in_call",\
        "custom_status":"shipping","known":true,"device":"ios","since":3,\
        "frozen_last_seen":2,"frozen_device":"tv","frozen_since":4,"changed_by":42}""";
    byte[] presence = PresenceJson.of(busy().shown()).bytes();
    byte[] tail = rest.getBytes(StandardCharsets.UTF_8);
    byte[] stored =
        ByteBuffer.allocate(14 + presence.length + tail.length)
            .put((byte) 1)
            .put(encode(busy())[1])
            .putLong(9)
            .putInt(presence.length)
            .put(presence)
            .put(tail)
            .array();

    assertEqual(UserCodec.decode(stored, null), busy());
    assertThat(UserCodec.changedBy(stored)).isEqualTo(42);
  }

  @Test
  void shouldRefuseWhatANewerVersionWrote() {
    byte[] stored = encode(busy());
    stored[0] = 3;

    assertThatThrownBy(() -> UserCodec.decode(stored, null)).hasMessageContaining("format 3");
  }

  private void assertReads(UserState state) {
    assertEqual(UserCodec.decode(encode(state), null), state);
  }

  /** But for the clocks and the pulse, which are each their own. */
  private void assertEqual(UserState read, UserState expected) {
    assertThat(read.pulse().lastSeen()).isEqualTo(expected.pulse().lastSeen());
    assertThat(plain(read)).isEqualTo(plain(expected));
  }

  private UserState plain(UserState state) {
    return new UserState(
        state.userId(),
        state.sessions().stream()
            .map(
                session ->
                    new Session(
                        session.name(),
                        session.device(),
                        session.startedAt(),
                        session.away(),
                        session.declaredAway(),
                        web))
            .toList(),
        state.goodbyes(),
        state.claim(),
        state.activity(),
        state.customStatus(),
        state.visibility(),
        state.known(),
        state.device(),
        state.since(),
        state.frozen(),
        pulse,
        state.shown(),
        state.changedBy());
  }

  private static byte[] encode(UserState state) {
    return UserCodec.encode(state, PresenceJson.of(state.shown()));
  }

  private UserState busy() {
    return new UserState(
        "ada",
        List.of(
            new Session("s1", "web", 5, false, false, web),
            new Session("s2", "ios", 6, true, true, ios)),
        List.of(new Goodbye("s0", 8)),
        new Claim(SetStatus.BUSY, 1_764_000_009_000L),
        "in_call",
        new CustomStatus("shipping", Claim.NEVER),
        Visibility.CONTACTS,
        true,
        "ios",
        3,
        new UserState.Frozen(2L, "tv", 4),
        pulse,
        new Presence(
            "ada",
            Status.BUSY,
            SEEN,
            "ios",
            "shipping",
            "in_call",
            3L,
            9,
            Map.of("web", Status.BUSY)),
        42);
  }
}
