package io.presence.schemas.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.presence.Visibility;
import org.junit.jupiter.api.Test;

class LookupTest {
  @Test
  void shouldBeStaleOnlyIfThereIsAnAnswer() {
    Lookup.Entry entry =
        new Lookup.Entry(Lookup.Outcome.NOT_SHOWN, null, 7, Visibility.EVERYONE, true, false);
    assertThat(entry.asStale().stale()).isTrue();
    assertThat(entry.asStale().version()).isEqualTo(7);
    assertThat(Lookup.Entry.NOT_HERE.asStale()).isEqualTo(Lookup.Entry.NOT_HERE);
  }
}
