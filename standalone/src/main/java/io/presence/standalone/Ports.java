package io.presence.standalone;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Ports to listen on. */
final class Ports {
  private Ports() {}

  /**
   * The port to use for {@code port}: itself, or for 0 one that is free.
   *
   * @param setting what to name in an error
   * @throws StartException if it is taken
   */
  static int free(String setting, InetAddress address, int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(address, port));
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new StartException(
          "%s: cannot listen on port %d of %s: %s"
              .formatted(setting, port, address.getHostAddress(), e.getMessage()),
          e);
    }
  }

  /** 127.0.0.1. */
  static InetAddress loopback() {
    return InetAddress.getLoopbackAddress();
  }
}
