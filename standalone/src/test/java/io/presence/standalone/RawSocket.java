package io.presence.standalone;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a WebSocket, for what no decent client does: it reads nothing, answers no ping, and
 * sends frames that are wrong.
 */
final class RawSocket implements AutoCloseable {
  private static final int FIN = 0x80;
  private static final int TEXT = 0x1;
  private static final int CLOSE = 0x8;
  private static final int PONG = 0xA;
  private static final byte[] MASK = {1, 2, 3, 4};

  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;

  private RawSocket(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(socket.getInputStream());
    this.out = socket.getOutputStream();
  }

  /** Connects. From then on nothing is read but by {@link #readCloseCode}. */
  static RawSocket connect(int port, String query) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4_096);
    socket.setSoTimeout((int) LiveView.PATIENCE.toMillis());
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    RawSocket raw = new RawSocket(socket);
    raw.out.write(
        """
        GET /presence?%s HTTP/1.1\r
        Host: 127.0.0.1:%d\r
        Connection: Upgrade\r
        Upgrade: websocket\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        \r
        """
            .formatted(query, port)
            .getBytes(StandardCharsets.US_ASCII));
    String status = raw.readLine();
    if (!status.startsWith("HTTP/1.1 101")) {
      throw new IOException(status);
    }
    while (!raw.readLine().isEmpty()) {
      // The headers.
    }
    return raw;
  }

  /** Quotes in {@code message} are single ones. */
  void say(String message) throws IOException {
    frame(FIN | TEXT, true, message.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  /** Claims to be alive, asked or not. */
  void pong() throws IOException {
    frame(FIN | PONG, true, new byte[0]);
  }

  /**
   * Sends a frame.
   *
   * @param first its first byte: the flags and the opcode
   * @param masked as a client must send it
   */
  void frame(int first, boolean masked, byte[] payload) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(payload.length + 14);
    frame.put((byte) first);
    int mask = masked ? 0x80 : 0;
    if (payload.length < 126) {
      frame.put((byte) (mask | payload.length));
    } else if (payload.length < 65_536) {
      frame.put((byte) (mask | 126)).putShort((short) payload.length);
    } else {
      frame.put((byte) (mask | 127)).putLong(payload.length);
    }
    if (masked) {
      frame.put(MASK);
    }
    for (int i = 0; i < payload.length; i++) {
      frame.put(masked ? (byte) (payload[i] ^ MASK[i % MASK.length]) : payload[i]);
    }
    out.write(frame.array(), 0, frame.position());
    out.flush();
  }

  /** Reads until the other end has closed: the code it said, or 1006 if it said none. */
  int readCloseCode() throws IOException {
    try {
      while (true) {
        int opcode = in.readUnsignedByte() & 0xF;
        long length = in.readUnsignedByte() & 0x7F;
        if (length == 126) {
          length = in.readUnsignedShort();
        } else if (length == 127) {
          length = in.readLong();
        }
        byte[] payload = in.readNBytes((int) length);
        if (opcode == CLOSE) {
          return payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xFFFF;
        }
      }
    } catch (EOFException | SocketException e) {
      return 1006;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private String readLine() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.readUnsignedByte(); c != '\n'; c = in.readUnsignedByte()) {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
