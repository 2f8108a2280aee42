package io.presence.schemas.presence;

import static org.assertj.core.api.Assertions.assertThat;

import io.presence.schemas.json.Json;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class VisibilityTest {
  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      textBlock =
          """
          EVERYONE, bob, false, true
          EVERYONE, bob, true,  true
          EVERYONE, -,   false, true
          EVERYONE, ada, false, true
          CONTACTS, bob, false, false
          CONTACTS, bob, true,  true
          CONTACTS, -,   false, false
          CONTACTS, -,   true,  false
          CONTACTS, ada, false, true
          NOBODY,   bob, false, false
          NOBODY,   bob, true,  false
          NOBODY,   -,   false, false
          NOBODY,   ada, false, true
          """)
  void shouldPermitWhoMaySeeAda(
      Visibility visibility, @Nullable String requester, boolean contact, boolean permitted) {
    assertThat(visibility.permits(requester, "ada", contact)).isEqualTo(permitted);
  }

  @ParameterizedTest
  @EnumSource
  void shouldBeTheSameWordEverywhere(Visibility visibility) throws IOException {
    assertThat(Json.MAPPER.writeValueAsString(visibility)).isEqualTo('"' + visibility.word() + '"');
    assertThat(Visibility.ofWord(visibility.word())).isEqualTo(visibility);
  }

  @ParameterizedTest
  @EnumSource
  void shouldBeTheSameWordEverywhere(Reason reason) throws IOException {
    assertThat(Json.MAPPER.writeValueAsString(reason)).isEqualTo('"' + reason.word() + '"');
  }

  @ParameterizedTest
  @EnumSource
  void shouldBeTheSameWordEverywhere(Status status) throws IOException {
    assertThat(Json.MAPPER.writeValueAsString(status)).isEqualTo('"' + status.word() + '"');
  }

  @Test
  void shouldBeNoVisibilityWhenTheWordIsUnknown() {
    assertThat(Visibility.ofWord("friends")).isNull();
  }
}
