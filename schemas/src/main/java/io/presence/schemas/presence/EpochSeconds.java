package io.presence.schemas.presence;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/**
 * Times in JSON: seconds since the epoch with three decimals, milliseconds in Java. {@code
 * 1764000000123} is written {@code 1764000000.123}.
 */
public final class EpochSeconds {
  private static final BigDecimal LIMIT = BigDecimal.valueOf(1_000_000_000_000L);

  /** From 2001 on, and until 2286. */
  private static final long TEN_DIGITS = 1_000_000_000_000L;

  private static final long ELEVEN_DIGITS = 10_000_000_000_000L;

  private EpochSeconds() {}

  /** The JSON number for a time in milliseconds. */
  public static String format(long millis) {
    if (millis < 0) {
      return BigDecimal.valueOf(millis, 3).toPlainString();
    }
    byte[] number = new byte[length(millis)];
    write(millis, number, 0);
    return new String(number, StandardCharsets.ISO_8859_1);
  }

  /** How many bytes that number has, for a time that is not negative. */
  public static int length(long millis) {
    if (millis >= TEN_DIGITS && millis < ELEVEN_DIGITS) {
      return 14;
    }
    int digits = 1;
    for (long rest = millis / 1_000; rest >= 10; rest /= 10) {
      digits++;
    }
    return digits + 4;
  }

  /** Writes that number, for a time that is not negative, from {@code at} on. */
  public static void write(long millis, byte[] out, int at) {
    int place = at + length(millis);
    long rest = millis / 1_000;
    int fraction = (int) (millis - rest * 1_000);
    out[--place] = (byte) ('0' + fraction % 10);
    out[--place] = (byte) ('0' + fraction / 10 % 10);
    out[--place] = (byte) ('0' + fraction / 100);
    out[--place] = '.';
    // A lookup writes one for each user: two digits for each division.
    while (place >= at + 2) {
      int pair = (int) (rest % 100);
      rest /= 100;
      out[--place] = (byte) ('0' + pair % 10);
      out[--place] = (byte) ('0' + pair / 10);
    }
    if (place > at) {
      out[at] = (byte) ('0' + rest);
    }
  }

  /**
   * The time in milliseconds for a JSON number.
   *
   * @throws NumberFormatException if it is no number, or none of this or the next 31,000 years
   */
  public static long parse(String number) {
    return toMillis(new BigDecimal(number));
  }

  private static long toMillis(BigDecimal seconds) {
    // A comparison looks at the exponent first; moving the point of 1e999999999 takes gigabytes.
    if (seconds.signum() < 0 || seconds.compareTo(LIMIT) >= 0) {
      throw new NumberFormatException("not a time in seconds since the epoch");
    }
    return seconds.movePointRight(3).longValue();
  }

  /** Writes a time. */
  public static final class Serializer extends StdSerializer<Long> {
    private static final long serialVersionUID = 1;

    Serializer() {
      super(Long.class);
    }

    @Override
    public void serialize(Long millis, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeNumber(format(millis));
    }
  }

  /** Reads a time. */
  public static final class Deserializer extends StdDeserializer<Long> {
    private static final long serialVersionUID = 1;

    Deserializer() {
      super(Long.class);
    }

    @Override
    public Long deserialize(JsonParser in, DeserializationContext context) throws IOException {
      try {
        return toMillis(in.getDecimalValue());
      } catch (NumberFormatException e) {
        throw context.weirdNumberException(0, Long.class, String.valueOf(e.getMessage()));
      }
    }
  }
}
