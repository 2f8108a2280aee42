package io.presence.streams.store;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Bytes;

/**
 * The keys of the store: {@code t} for the time, {@code u} and an id for a user, {@code c}, an id,
 * a zero byte and an id for a contact; {@code g} and a name for a gateway that is held, {@code i},
 * an id, a zero byte and a name for a user whom a gateway watches; of channels, the channel, a zero
 * byte and the user for a member. No id has a zero byte.
 */
final class Keys {
  static final byte TIME = 't';
  static final byte USER = 'u';
  static final byte CONTACT = 'c';

  static final byte GATEWAY = 'g';
  static final byte INTEREST = 'i';

  static final Bytes OF_TIME = Bytes.wrap(new byte[] {TIME});

  private Keys() {}

  static Bytes ofUser(String userId) {
    return bytes((char) USER + userId);
  }

  static Bytes ofContact(String userId, String contact) {
    return bytes((char) CONTACT + userId + '\0' + contact);
  }

  static Bytes ofGateway(String gateway) {
    return bytes((char) GATEWAY + gateway);
  }

  static Bytes ofInterest(String userId, String gateway) {
    return bytes((char) INTEREST + userId + '\0' + gateway);
  }

  static Bytes ofMember(String channelId, String userId) {
    return bytes(channelId + '\0' + userId);
  }

  static boolean isTime(byte[] key) {
    return key.length == 1 && key[0] == TIME;
  }

  static byte kind(byte[] key) {
    return key[0];
  }

  /** Where the user's id ends in the key of a contact. */
  static int endOfUser(byte[] key) {
    int end = 1;
    while (key[end] != 0) {
      end++;
    }
    return end;
  }

  /** All of a key but its first byte. */
  static String text(byte[] key) {
    return new String(key, 1, key.length - 1, StandardCharsets.US_ASCII);
  }

  /** All of a key. */
  static String all(byte[] key) {
    return new String(key, StandardCharsets.US_ASCII);
  }

  /** The bytes of an id. */
  static byte[] ascii(String id) {
    return id.getBytes(StandardCharsets.US_ASCII);
  }

  private static Bytes bytes(String key) {
    return Bytes.wrap(ascii(key));
  }
}
