package io.presence.gateway.lookup;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.presence.schemas.json.Json;
import io.presence.schemas.presence.Visibility;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.LookupCodec;
import io.presence.schemas.query.LookupFormatException;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.topic.Partitioning;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A streams-app that answers with its own name, over real HTTP. */
final class FakeInstance implements AutoCloseable {
  static final int PARTITIONS = 4;

  final Set<Integer> active = ConcurrentHashMap.newKeySet();
  final Set<Integer> standby = ConcurrentHashMap.newKeySet();

  /** Assigned, and not its own yet: it has a copy. */
  final Set<Integer> takingUp = ConcurrentHashMap.newKeySet();

  final Set<Integer> channelActive = ConcurrentHashMap.newKeySet();
  final AtomicInteger lookups = new AtomicInteger();
  final AtomicInteger ownerships = new AtomicInteger();
  volatile List<FakeInstance> group = List.of();
  volatile boolean slow;

  /** Whether it does not say who owns what when it is asked just that. */
  volatile boolean secretive;

  volatile String epoch = "1";
  volatile @Nullable String seenToken;

  private final String name;
  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);

  FakeInstance(String name) throws IOException {
    this.name = name;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(executor);
    server.createContext("/internal/v1/ownership", this::ownership);
    server.createContext("/internal/v1/lookup", this::lookup);
    server.createContext("/internal/v1/users/", this::ask);
    server.createContext("/internal/v1/channels/", this::askOfChannel);
    server.start();
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  URI url() {
    return URI.create("http://" + address());
  }

  static String presence(String id, String instance) {
    return "{\"user_id\":\"" + id + "\",\"by\":\"" + instance + "\"}";
  }

  private void ownership(HttpExchange exchange) throws IOException {
    byte[] answer = Json.MAPPER.writeValueAsBytes(ownership());
    // Who waits for it may change what there is to tell.
    ownerships.incrementAndGet();
    answer(exchange, secretive ? 503 : 200, answer);
  }

  private Ownership ownership() {
    List<Ownership.Instance> instances =
        group.stream()
            .map(
                one ->
                    new Ownership.Instance(
                        one.address(),
                        Stream.concat(one.active.stream(), one.takingUp.stream()).toList(),
                        List.copyOf(one.standby),
                        List.copyOf(one.channelActive),
                        List.of()))
            .toList();
    return new Ownership(PARTITIONS, instances, address(), epoch);
  }

  private void lookup(HttpExchange exchange) throws IOException {
    lookups.incrementAndGet();
    seenToken = exchange.getRequestHeaders().getFirst("Authorization");
    waitIfSlow();
    try {
      Lookup.Request request = LookupCodec.readRequest(exchange.getRequestBody().readAllBytes());
      List<Lookup.Entry> entries =
          request.userIds().stream().map(id -> entry(id, request.standby())).toList();
      boolean elsewhere = !request.standby() && entries.contains(Lookup.Entry.NOT_HERE);
      answer(
          exchange,
          200,
          LookupCodec.write(new Lookup.Answer(entries, elsewhere ? ownership() : null)));
    } catch (LookupFormatException e) {
      answer(exchange, 400, new byte[] {'?'});
    }
  }

  private Lookup.Entry entry(String id, boolean alsoStandby) {
    int partition = Partitioning.partitionOf(id, PARTITIONS);
    boolean owned = active.contains(partition);
    boolean copied = standby.contains(partition) || takingUp.contains(partition);
    if (!owned && !(alsoStandby && copied)) {
      return Lookup.Entry.NOT_HERE;
    }
    return new Lookup.Entry(
        Lookup.Outcome.SHOWN,
        presence(id, name).getBytes(UTF_8),
        1,
        Visibility.EVERYONE,
        false,
        !owned);
  }

  private void ask(HttpExchange exchange) throws IOException {
    waitIfSlow();
    String[] path = exchange.getRequestURI().getPath().split("/", -1);
    int partition = Partitioning.partitionOf(path[4], PARTITIONS);
    String query = exchange.getRequestURI().getQuery();
    if (active.contains(partition) || standby.contains(partition)) {
      if (!active.contains(partition)) {
        exchange.getResponseHeaders().set("Presence-Stale", "true");
      }
      answer(
          exchange,
          "after=bad".equals(query == null ? "" : query.replaceAll("limit=\\d+&", "")) ? 400 : 200,
          (name + " " + path[5] + " " + query).getBytes(UTF_8));
    } else {
      answer(exchange, 421, misdirected());
    }
  }

  private void askOfChannel(HttpExchange exchange) throws IOException {
    String[] path = exchange.getRequestURI().getPath().split("/", -1);
    boolean here = channelActive.contains(Partitioning.partitionOf(path[4], PARTITIONS));
    answer(
        exchange,
        here ? 200 : 421,
        here
            ? (name + " " + path[5] + " " + exchange.getRequestURI().getQuery()).getBytes(UTF_8)
            : misdirected());
  }

  private byte[] misdirected() throws IOException {
    return Json.MAPPER.writeValueAsBytes(Map.of("status", 421, "ownership", ownership()));
  }

  private void waitIfSlow() {
    if (slow) {
      try {
        closed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    executor.shutdownNow();
  }
}
