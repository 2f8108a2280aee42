package io.presence.schemas.topic;

/** The headers of a dead letter, all of them text in UTF-8. */
public final class DeadLetter {
  /** What was wrong. */
  public static final String REASON = "presence.reason";

  /** The topic it came in. */
  public static final String TOPIC = "presence.topic";

  /** The partition it came in. */
  public static final String PARTITION = "presence.partition";

  /** Its offset there. */
  public static final String OFFSET = "presence.offset";

  private DeadLetter() {}
}
