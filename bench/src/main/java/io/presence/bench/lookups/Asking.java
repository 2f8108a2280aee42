package io.presence.bench.lookups;

import io.presence.bench.load.HttpLoad;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/** Something that is asked for many users at once, by so many clients at a time. */
interface Asking {
  /** Asks for a time, each client as soon as it has its answer. */
  HttpLoad.Result ask(List<Population.Bulk> bulks, int clients, Duration warmUp, Duration time)
      throws IOException, InterruptedException;

  /** Over HTTP, with requests that were written before. */
  static Asking overHttp(int port) {
    return (bulks, clients, warmUp, time) -> {
      List<byte[]> requests = bulks.stream().map(Asking::request).toList();
      int[] next = new int[1];
      try (HttpLoad load = new HttpLoad(port, clients)) {
        return load.run(
            warmUp, time, connection -> ByteBuffer.wrap(requests.get(next[0]++ % requests.size())));
      }
    };
  }

  /** The body of a lookup. */
  static String body(Population.Bulk bulk) {
    return bulk.ids().stream()
        .collect(
            Collectors.joining(
                "\",\"",
                "{\"user_ids\":[\"",
                "\"],\"requester_id\":\"" + Population.REQUESTER + "\"}"));
  }

  private static byte[] request(Population.Bulk bulk) {
    String body = body(bulk);
    return ("POST /v1/presence/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: "
            + body.length()
            + "\r\n\r\n"
            + body)
        .getBytes(StandardCharsets.US_ASCII);
  }
}
