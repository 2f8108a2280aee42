package io.presence.gateway.live;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;

/** Gives each change of {@code presence-changes} to those who watch its user. */
final class Changes implements ChangeFeed.Receiver {
  private final Fanout fanout;
  private final Map<String, List<Change>> changes = new LinkedHashMap<>();
  private final List<Subscriber> ready = new ArrayList<>();

  Changes(Fanout fanout) {
    this.fanout = fanout;
  }

  @Override
  public void take(ConsumerRecords<byte[], byte[]> records) {
    for (ConsumerRecord<byte[], byte[]> record : records) {
      take(record);
    }
    tell();
  }

  /** Puts a change beside the others of its user. */
  void add(Change change) {
    changes.computeIfAbsent(change.userId(), id -> new ArrayList<>(1)).add(change);
  }

  /** Tells what was added. */
  void tell() {
    changes.forEach(this::tell);
    changes.clear();
    fanout.flush(ready);
    ready.clear();
  }

  @Override
  public void gap() {
    fanout.resync(null);
  }

  /** Puts a change beside the others of its user, if anyone watches. */
  private void take(ConsumerRecord<byte[], byte[]> record) {
    byte[] key = record.key();
    byte[] value = record.value();
    if (key == null || value == null) {
      return;
    }
    String userId = new String(key, UTF_8);
    if (fanout.audience(userId) == null) {
      return;
    }
    try {
      add(Change.read(value));
    } catch (IOException e) {
      ChangeFeed.warn(record, e);
    }
  }

  /** Once for all changes of a user: each who watches is looked at once. */
  private void tell(String userId, List<Change> ofUser) {
    Audience audience = fanout.audience(userId);
    if (audience != null) {
      audience.tell(ofUser, ready);
    }
  }
}
