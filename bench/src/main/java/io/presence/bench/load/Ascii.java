package io.presence.bench.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/** Words in bytes that nobody wants to parse. */
public final class Ascii {
  static final byte[] END_OF_HEAD = bytes("\r\n\r\n");

  private Ascii() {}

  /** A text of ASCII as bytes. */
  public static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  static String text(byte[] bytes, int from, int length) {
    return new String(bytes, from, length, ISO_8859_1);
  }

  /** Where the first such word ends, or -1. */
  public static int find(byte[] bytes, int from, int to, byte[] word) {
    for (int start = from; start <= to - word.length; start++) {
      int matched = 0;
      while (matched < word.length && bytes[start + matched] == word[matched]) {
        matched++;
      }
      if (matched == word.length) {
        return start + matched;
      }
    }
    return -1;
  }
}
