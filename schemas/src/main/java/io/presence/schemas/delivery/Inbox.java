package io.presence.schemas.delivery;

import io.presence.schemas.topic.Partitioning;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * Where a gateway is told of the users it watches, and how.
 *
 * <p>A gateway has one name for each partition of {@code presence-events}: a root that is its own
 * as long as it runs, a dot, and how often it had to begin anew there. The root says which
 * partition of {@code presence-inboxes} is its inbox. Gateways may share one: each passes over what
 * is not for it.
 *
 * <p>A record of an inbox, or of {@code presence-common}, is a value of {@code presence-changes},
 * the version before it in a header; a record without that header is a {@link Notice}.
 */
public final class Inbox {
  private static final String AFTER = "after";

  private Inbox() {}

  /** The name of a gateway that began anew so many times. */
  public static String name(String root, int beginnings) {
    return root + '.' + beginnings;
  }

  /** The inbox of a gateway, by its name in any partition. */
  public static int of(String name, int inboxes) {
    int dot = name.lastIndexOf('.');
    return Partitioning.partitionOf(dot < 0 ? name : name.substring(0, dot), inboxes);
  }

  /** Says which version of the user was told before this change; 0 if there was none. */
  public static void setAfter(Headers headers, long version) {
    headers.add(AFTER, Long.toString(version).getBytes(StandardCharsets.US_ASCII));
  }

  /** What {@link #setAfter} said; -1 if it is a notice. */
  public static long after(Headers headers) {
    Header header = headers.lastHeader(AFTER);
    return header == null
        ? -1
        : Long.parseLong(new String(header.value(), StandardCharsets.US_ASCII));
  }
}
