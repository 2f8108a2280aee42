package io.presence.bench.lookups;

import io.presence.bench.Cpu;
import io.presence.bench.load.HttpLoad;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.HdrHistogram.Histogram;

/**
 * Asks Redis itself, by nothing but commands written before, all of a lookup in one go, and a last
 * one whose answer ends it. Answers are read and thrown away, privacy is judged by nobody: no
 * client in any language is cheaper.
 */
final class RedisPipeline implements Asking {
  private static final int READ_BYTES = 256 * 1024;
  private static final String END = "that-was-the-lookup";
  private static final byte[] ANSWER_END = (END + "\r\n").getBytes(StandardCharsets.US_ASCII);

  private final int port;

  RedisPipeline(int port) {
    this.port = port;
  }

  private static final class Client {
    final SocketChannel channel;
    final byte[] last = new byte[ANSWER_END.length];
    ByteBuffer unsent = ByteBuffer.allocate(0);
    long sentAt;

    Client(SocketChannel channel) {
      this.channel = channel;
    }
  }

  @Override
  public HttpLoad.Result ask(
      List<Population.Bulk> bulks, int clients, Duration warmUp, Duration time) throws IOException {
    List<byte[]> requests = bulks.stream().map(RedisPipeline::request).toList();
    try (Selector selector = Selector.open()) {
      List<Client> all = new ArrayList<>();
      try {
        for (int i = 0; i < clients; i++) {
          SocketChannel channel =
              SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
          Client client = new Client(channel);
          all.add(client);
          channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
          channel.configureBlocking(false);
          channel.register(selector, SelectionKey.OP_READ, client);
        }
        var unused = run(selector, all, requests, warmUp);
        return run(selector, all, requests, time);
      } finally {
        for (Client client : all) {
          client.channel.close();
        }
      }
    }
  }

  private static HttpLoad.Result run(
      Selector selector, List<Client> clients, List<byte[]> requests, Duration time)
      throws IOException {
    ByteBuffer in = ByteBuffer.allocateDirect(READ_BYTES);
    Histogram latencies = new Histogram(3);
    double cpuBefore = Cpu.ofSelf();
    long start = System.nanoTime();
    long end = start + time.toNanos();
    int sent = 0;
    for (Client client : clients) {
      send(selector, client, requests.get(sent++ % requests.size()));
    }
    int underWay = clients.size();
    while (underWay > 0) {
      selector.select();
      for (SelectionKey key : selector.selectedKeys()) {
        Client client = (Client) Objects.requireNonNull(key.attachment());
        if (key.isWritable()) {
          write(selector, client);
        }
        if (!key.isReadable() || !read(client, in)) {
          continue;
        }
        long now = System.nanoTime();
        latencies.recordValue((now - client.sentAt) / 1_000);
        if (now < end) {
          send(selector, client, requests.get(sent++ % requests.size()));
        } else {
          underWay--;
        }
      }
      selector.selectedKeys().clear();
    }
    return new HttpLoad.Result(
        latencies.getTotalCount(),
        0,
        Duration.ofNanos(System.nanoTime() - start),
        latencies,
        Cpu.ofSelf() - cpuBefore);
  }

  private static void send(Selector selector, Client client, byte[] request) throws IOException {
    client.unsent = ByteBuffer.wrap(request);
    client.sentAt = System.nanoTime();
    Arrays.fill(client.last, (byte) 0);
    write(selector, client);
  }

  private static void write(Selector selector, Client client) throws IOException {
    client.channel.write(client.unsent);
    SelectionKey key = Objects.requireNonNull(client.channel.keyFor(selector));
    int interest =
        client.unsent.hasRemaining()
            ? SelectionKey.OP_READ | SelectionKey.OP_WRITE
            : SelectionKey.OP_READ;
    if (key.interestOps() != interest) {
      key.interestOps(interest);
    }
  }

  /** Whether the answer to the last command has come. */
  private static boolean read(Client client, ByteBuffer in) throws IOException {
    while (true) {
      in.clear();
      int read = client.channel.read(in);
      if (read < 0) {
        throw new EOFException("Redis closed a connection");
      }
      if (read == 0) {
        return false;
      }
      int kept = Math.min(read, client.last.length);
      System.arraycopy(client.last, kept, client.last, 0, client.last.length - kept);
      in.get(read - kept, client.last, client.last.length - kept, kept);
      if (Arrays.equals(client.last, ANSWER_END)) {
        return true;
      }
    }
  }

  private static byte[] request(Population.Bulk bulk) {
    byte[] commands = RedisData.commands(bulk.ids());
    byte[] echo = RedisData.echo(END);
    byte[] request = Arrays.copyOf(commands, commands.length + echo.length);
    System.arraycopy(echo, 0, request, commands.length, echo.length);
    return request;
  }
}
