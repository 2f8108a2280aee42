package io.presence.gateway.limit;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which address a request comes from. {@code X-Forwarded-For} counts only as far as each who passed
 * the request on is a proxy that is trusted; nothing is ever looked up by name.
 */
public final class ClientAddress {
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final Pattern IPV6 = Pattern.compile("\\[?[0-9a-fA-F:]*:[0-9a-fA-F:.]*]?");
  private static final int IPV6_BYTES = 16;
  private static final int IPV6_NETWORK_BYTES = 8;

  /** Addresses that have the same first bits. */
  private record Network(byte[] address, int bits) {
    boolean contains(byte[] other) {
      if (other.length != address.length) {
        return false;
      }
      for (int i = 0; i < bits; i++) {
        int mask = 0x80 >> (i % 8);
        if ((address[i / 8] & mask) != (other[i / 8] & mask)) {
          return false;
        }
      }
      return true;
    }
  }

  private final List<Network> trusted;

  /**
   * @param trustedProxies addresses, or networks such as {@code 10.0.0.0/8}, with commas between
   * @throws IllegalArgumentException if one is neither
   */
  public ClientAddress(String trustedProxies) {
    List<Network> networks = new ArrayList<>();
    for (String text : trustedProxies.split(",", -1)) {
      if (!text.isBlank()) {
        networks.add(network(text.strip()));
      }
    }
    this.trusted = List.copyOf(networks);
  }

  /**
   * The address that limits are counted by: an IPv4 address, or the /64 of an IPv6 one, for one
   * household has all of it.
   *
   * @param peer the other end of the connection
   * @param forwardedFor the header {@code X-Forwarded-For}; null if there is none
   */
  public String of(String peer, @Nullable String forwardedFor) {
    byte[] address = parse(peer);
    if (address == null) {
      return peer;
    }
    if (forwardedFor != null && isTrusted(address)) {
      String[] hops = forwardedFor.split(",", -1);
      for (int i = hops.length - 1; i >= 0 && isTrusted(address); i--) {
        byte[] hop = parse(hops[i].strip());
        if (hop == null) {
          break;
        }
        address = hop;
      }
    }
    return format(address);
  }

  private boolean isTrusted(byte[] address) {
    for (Network network : trusted) {
      if (network.contains(address)) {
        return true;
      }
    }
    return false;
  }

  private static Network network(String text) {
    int slash = text.indexOf('/');
    byte[] address = parse(slash < 0 ? text : text.substring(0, slash));
    if (address == null) {
      throw new IllegalArgumentException("not an address: " + text);
    }
    int bits = slash < 0 ? address.length * 8 : Integer.parseInt(text.substring(slash + 1));
    if (bits < 0 || bits > address.length * 8) {
      throw new IllegalArgumentException("not a network: " + text);
    }
    return new Network(address, bits);
  }

  /** The bytes of a literal address, or null if it is none. */
  private static byte @Nullable [] parse(String text) {
    if (!IPV4.matcher(text).matches() && !IPV6.matcher(text).matches()) {
      return null;
    }
    try {
      return InetAddress.getByName(text).getAddress();
    } catch (UnknownHostException e) {
      return null;
    }
  }

  private static String format(byte[] address) {
    byte[] counted =
        address.length == IPV6_BYTES
            ? Arrays.copyOf(Arrays.copyOf(address, IPV6_NETWORK_BYTES), IPV6_BYTES)
            : address;
    try {
      return InetAddress.getByAddress(counted).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
