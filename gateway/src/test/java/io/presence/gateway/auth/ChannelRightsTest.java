package io.presence.gateway.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the claim of a token gives. */
final class ChannelRightsTest {
  @Test
  void shouldMatchPatterns() {
    ChannelRights rights =
        ChannelRights.of(
            Map.of("read", List.of("room-*", "*:notes"), "write", List.of("doc:a*z*", "hall")));
    assertThat(rights.mayRead("room-1")).isTrue();
    assertThat(rights.mayWrite("room-1")).isFalse();
    assertThat(rights.mayRead("room-")).isTrue();
    assertThat(rights.mayRead("my.room-1")).isFalse();
    assertThat(rights.mayRead("team:notes")).isTrue();
    assertThat(rights.mayRead("team:notes2")).isFalse();
    assertThat(rights.mayWrite("hall")).isTrue();
    assertThat(rights.mayRead("hall")).isTrue();
    assertThat(rights.mayWrite("hall2")).isFalse();
    assertThat(rights.mayWrite("doc:az")).isTrue();
    assertThat(rights.mayWrite("doc:abzazc")).isTrue();
    assertThat(rights.mayWrite("doc:abc")).isFalse();
  }

  @Test
  void shouldGiveNoRightWhenClaimIsNotOfItsShape() {
    for (Object claim :
        List.of(
            "room-*",
            List.of("read:room-*"),
            Map.of("read", "room-*"),
            Map.of("read", List.of(1)),
            Map.of("read", Collections.nCopies(101, "room-*")),
            Map.of("read", List.of("room-*" + "*".repeat(300))))) {
      assertThat(ChannelRights.of(claim).mayRead("room-1")).as("%s", claim).isFalse();
    }
    assertThat(ChannelRights.of(null).mayRead("room-1")).isFalse();
  }

  @Test
  void shouldNotTakeLongForHostilePattern() {
    ChannelRights rights = ChannelRights.of(Map.of("read", List.of("*a".repeat(120) + "b")));
    assertThat(rights.mayRead("a".repeat(128))).isFalse();
  }

  @Test
  void shouldGiveAll() {
    assertThat(ChannelRights.ALL.mayRead("x")).isTrue();
    assertThat(ChannelRights.ALL.mayWrite("x")).isTrue();
    assertThat(ChannelRights.NONE.mayRead("x")).isFalse();
  }
}
