package io.presence.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Finds where an answer of HTTP/1.1 ends, be its body of a length that is told or in chunks, and
 * throws away all of it but the status.
 */
final class AnswerReader {
  private static final int MAX_LINE = 8 * 1024;

  private enum Part {
    STATUS,
    HEADERS,
    BODY,
    CHUNK_LENGTH,
    CHUNK,
    CHUNK_END,
    TRAILERS,
    DONE
  }

  private final byte[] line = new byte[MAX_LINE];
  private int lineLength;
  private Part part = Part.STATUS;
  private int status;
  private long left;
  private boolean chunked;

  /** Awaits the next answer. */
  void restart() {
    part = Part.STATUS;
    lineLength = 0;
    left = 0;
    chunked = false;
  }

  /** Whether the answer has a status of 200 to 299. */
  boolean isGood() {
    return status / 100 == 2;
  }

  /** Takes what came. Returns whether the answer is whole. */
  boolean take(ByteBuffer in) throws IOException {
    while (part != Part.DONE && in.hasRemaining()) {
      if (part == Part.BODY || part == Part.CHUNK) {
        int skipped = (int) Math.min(left, in.remaining());
        in.position(in.position() + skipped);
        left -= skipped;
        if (left == 0) {
          part = part == Part.BODY ? Part.DONE : Part.CHUNK_END;
        }
      } else {
        byte next = in.get();
        if (next == '\n') {
          endOfLine();
          lineLength = 0;
        } else if (next != '\r') {
          if (lineLength == MAX_LINE) {
            throw new IOException("a line of more than " + MAX_LINE + " bytes");
          }
          line[lineLength++] = next;
        }
      }
    }
    return part == Part.DONE;
  }

  private void endOfLine() {
    switch (part) {
      case STATUS -> {
        status = Integer.parseInt(text(9, 12));
        part = Part.HEADERS;
      }
      case HEADERS -> {
        if (lineLength == 0) {
          if (chunked) {
            part = Part.CHUNK_LENGTH;
          } else {
            part = left == 0 ? Part.DONE : Part.BODY;
          }
        } else if (line[0] == 'C' || line[0] == 'c' || line[0] == 'T' || line[0] == 't') {
          String header = text(0, lineLength).toLowerCase(Locale.ROOT);
          if (header.startsWith("content-length:")) {
            left = Long.parseLong(header.substring(15).strip());
          } else if (header.startsWith("transfer-encoding:") && header.endsWith("chunked")) {
            chunked = true;
          }
        }
      }
      case CHUNK_LENGTH -> {
        left = Long.parseLong(text(0, lineLength).split(";", 2)[0].strip(), 16);
        part = left == 0 ? Part.TRAILERS : Part.CHUNK;
      }
      case CHUNK_END -> part = Part.CHUNK_LENGTH;
      case TRAILERS -> part = lineLength == 0 ? Part.DONE : Part.TRAILERS;
      case BODY, CHUNK, DONE -> throw new IllegalStateException("no lines in " + part);
    }
  }

  private String text(int from, int to) {
    return new String(line, from, to - from, StandardCharsets.US_ASCII);
  }
}
