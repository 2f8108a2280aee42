package io.presence.gateway.socket;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OriginsTest {
  @Test
  void shouldAllowPagesOfItsOwnAndOfThisMachine() {
    Origins near = Origins.near();
    assertThat(near.allow(null, "presence.example")).as("no browser").isTrue();
    assertThat(near.allow("https://presence.example", "presence.example:8080")).isTrue();
    assertThat(near.allow("http://localhost:3000", "127.0.0.1:8080")).isTrue();
    assertThat(near.allow("http://app.localhost", "127.0.0.1:8080")).isTrue();
    assertThat(near.allow("http://127.0.0.1", "localhost")).isTrue();
    assertThat(near.allow("http://[::1]:3000", "127.0.0.1:8080")).isTrue();
    for (String foreign :
        new String[] {
          "https://elsewhere.example",
          "http://localhost.elsewhere.example",
          "http://127.0.0.1.elsewhere.example",
          "null",
          "file://",
          "",
          "http://a b"
        }) {
      assertThat(near.allow(foreign, "127.0.0.1:8080")).as(foreign).isFalse();
    }
  }

  @Test
  void shouldAllowThoseThatAreListed() {
    Origins listed = Origins.of("https://a.example, https://B.example:8443");
    assertThat(listed.allow("https://a.example", "presence.example")).isTrue();
    assertThat(listed.allow("https://b.example:8443", "presence.example")).isTrue();
    assertThat(listed.allow("https://b.example", "presence.example")).isFalse();
    assertThat(listed.allow("http://localhost", "localhost")).isFalse();
    assertThat(Origins.of("*").allow("https://elsewhere.example", null)).isTrue();
    assertThat(Origins.any().allow("null", null)).isTrue();
  }
}
