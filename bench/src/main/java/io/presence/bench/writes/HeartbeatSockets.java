package io.presence.bench.writes;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** WebSockets of as many users, all on one thread, that only send heartbeats and read nothing. */
final class HeartbeatSockets implements AutoCloseable {
  private static final int FINAL_TEXT = 0x81;
  private static final int MASKED = 0x80;
  private static final byte[] HEARTBEAT =
      "{\"type\":\"heartbeat\",\"device\":\"web\",\"active\":true}"
          .getBytes(StandardCharsets.US_ASCII);

  private final List<Socket> sockets = new ArrayList<>();

  /** Connects users 0 to {@code count}. */
  HeartbeatSockets(int port, int count) throws IOException {
    try {
      for (int i = 0; i < count; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(socket);
        socket.setTcpNoDelay(true);
        upgrade(socket, port, Writes.user(i));
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  int count() {
    return sockets.size();
  }

  /** Sends so many heartbeats on each, in one write. */
  void send(int each) throws IOException {
    byte[] frames = frames(each);
    for (Socket socket : sockets) {
      socket.getOutputStream().write(frames);
    }
  }

  private static byte[] frames(int count) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      out.write(FINAL_TEXT);
      out.write(MASKED | HEARTBEAT.length);
      // A mask of zeros leaves it as it is.
      out.write(new byte[4]);
      out.write(HEARTBEAT);
    }
    return out.toByteArray();
  }

  private static void upgrade(Socket socket, int port, String user) throws IOException {
    String request =
        """
        GET /presence?user_id=%s HTTP/1.1
        Host: localhost:%d
        Upgrade: websocket
        Connection: Upgrade
        Sec-WebSocket-Version: 13
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

        """
            .formatted(user, port)
            .replace("\n", "\r\n");
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    InputStream in = new BufferedInputStream(socket.getInputStream());
    StringBuilder head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    if (!head.toString().startsWith("HTTP/1.1 101 ")) {
      throw new IOException("no socket: " + head);
    }
  }

  @Override
  public void close() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
