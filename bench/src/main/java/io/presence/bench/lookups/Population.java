package io.presence.bench.lookups;

import io.presence.schemas.event.PresenceEvent;
import io.presence.schemas.event.PresenceEventCodec;
import io.presence.schemas.json.Patch;
import io.presence.schemas.presence.Visibility;
import io.presence.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Who is looked up and by whom, the same for all that are measured: users who are all online, half
 * of them seen by everyone, a quarter by contacts, a quarter by nobody. The requester is a contact
 * of every second user who is seen by contacts.
 */
record Population(int users) {
  /** Who looks. */
  static final String REQUESTER = "reader";

  /** The device that all are online with. */
  static final String DEVICE = "web";

  private static final long SEED = 20_240_229;

  /**
   * One lookup.
   *
   * @param shown how many of the ids the requester may see
   */
  record Bulk(List<String> ids, int shown) {}

  static String id(int user) {
    return "user-" + (1_000_000 + user);
  }

  static Visibility visibility(int user) {
    return switch (user % 4) {
      case 0, 1 -> Visibility.EVERYONE;
      case 2 -> Visibility.CONTACTS;
      default -> Visibility.NOBODY;
    };
  }

  /** Whether the requester is a contact of the user. */
  static boolean isContact(int user) {
    return user % 8 == 2;
  }

  /** Every third has one. */
  static String customStatus(int user) {
    return user % 3 == 0 ? "out for lunch, back soon" : "";
  }

  /** Lookups of so many different ids each, at random. */
  List<Bulk> bulks(int count, int size) {
    SplittableRandom random = new SplittableRandom(SEED);
    List<Bulk> bulks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int[] chosen = random.ints(0, users).distinct().limit(size).toArray();
      List<String> ids = new ArrayList<>(size);
      int shown = 0;
      for (int user : chosen) {
        ids.add(id(user));
        shown += visibility(user) == Visibility.EVERYONE || isContact(user) ? 1 : 0;
      }
      bulks.add(new Bulk(ids, shown));
    }
    return bulks;
  }

  /** Writes what makes them so, and returns when the broker has it. */
  void write(String bootstrapServers) {
    Map<String, Object> config =
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            ProducerConfig.LINGER_MS_CONFIG,
            5,
            ProducerConfig.BATCH_SIZE_CONFIG,
            256 * 1024);
    String topic = new Topics("").events().name();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int user = 0; user < users; user++) {
        String id = id(user);
        for (PresenceEvent event : events(user)) {
          var unused =
              producer.send(
                  new ProducerRecord<>(
                      topic,
                      id.getBytes(StandardCharsets.US_ASCII),
                      PresenceEventCodec.write(event)));
        }
      }
      producer.flush();
    }
  }

  private static List<PresenceEvent> events(int user) {
    String id = id(user);
    List<PresenceEvent> events = new ArrayList<>();
    if (visibility(user) != Visibility.EVERYONE) {
      events.add(new PresenceEvent.VisibilitySet(id, visibility(user)));
    }
    if (isContact(user)) {
      events.add(new PresenceEvent.ContactAdded(id, REQUESTER));
    }
    String text = customStatus(user);
    events.add(
        new PresenceEvent.Connected(
            id, null, DEVICE, text.isEmpty() ? Patch.keep() : Patch.set(text)));
    return events;
  }
}
