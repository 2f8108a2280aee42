package io.presence.schemas.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.presence.schemas.event.PresenceEvent.Interest;
import io.presence.schemas.json.InvalidJsonException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class InboxTest {
  @Test
  void shouldStayTheSameHoweverOftenAGatewayBegins() {
    Set<Integer> inboxes = new HashSet<>();
    for (int gateway = 0; gateway < 100; gateway++) {
      String root = "g" + gateway;
      int inbox = Inbox.of(Inbox.name(root, 0), 32);
      assertThat(inbox).isBetween(0, 31);
      assertThat(Inbox.of(Inbox.name(root, 17), 32)).isEqualTo(inbox);
      inboxes.add(inbox);
    }
    assertThat(inboxes).hasSizeGreaterThan(24);
  }

  @Test
  void shouldTellChangesFromNotices() {
    RecordHeaders headers = new RecordHeaders();
    assertThat(Inbox.after(headers)).isEqualTo(-1);
    Inbox.setAfter(headers, 0);
    assertThat(Inbox.after(headers)).isZero();
  }

  @Test
  void shouldReadTheNoticesThatItWrites() throws InvalidJsonException {
    for (Notice notice :
        List.of(
            new Notice.Heard("g.0", "ada", 1_763_999_000_000L),
            new Notice.Heard("g.1", "bea", 0),
            new Notice.Lease("g.2", 7, true),
            new Notice.Lease("g.3", 0, false))) {
      assertThat(Notice.read(notice.write())).isEqualTo(notice);
    }
  }

  @Test
  void shouldRefuseWhatIsNoNotice() {
    for (String value :
        List.of(
            "",
            "[]",
            "{}",
            "{\"gateway\":\"g\"}",
            "{\"gateway\":\"g\",\"user_id\":\"ada\"}",
            "{\"gateway\":\"g\",\"held\":true}",
            "{\"gateway\":\"g\",\"partition\":-1,\"held\":true}")) {
      assertThatExceptionOfType(InvalidJsonException.class)
          .as(value)
          .isThrownBy(() -> Notice.read(value.getBytes(UTF_8)));
    }
  }

  @Test
  void shouldComeToDifferentSumsForDifferentUsers() {
    Set<Long> sums = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      for (int j = i + 1; j < i + 40; j++) {
        sums.add(Interest.part("user-" + i) + Interest.part("user-" + j));
      }
    }
    assertThat(sums).hasSize(1_000 * 39);
  }
}
