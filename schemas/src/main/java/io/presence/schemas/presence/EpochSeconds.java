package io.presence.schemas.presence;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import java.math.BigDecimal;

/**
 * Times in JSON: seconds since the epoch with three decimals, milliseconds in Java. {@code
 * 1764000000123} is written {@code 1764000000.123}.
 */
public final class EpochSeconds {
  private EpochSeconds() {}

  /** The JSON number for a time in milliseconds. */
  public static String format(long millis) {
    return BigDecimal.valueOf(millis, 3).toPlainString();
  }

  /** The time in milliseconds for a JSON number. */
  public static long parse(String number) {
    return new BigDecimal(number).movePointRight(3).longValue();
  }

  static final class Serializer extends StdSerializer<Long> {
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

  static final class Deserializer extends StdDeserializer<Long> {
    private static final long serialVersionUID = 1;

    Deserializer() {
      super(Long.class);
    }

    @Override
    public Long deserialize(JsonParser in, DeserializationContext context) throws IOException {
      return in.getDecimalValue().movePointRight(3).longValue();
    }
  }
}
