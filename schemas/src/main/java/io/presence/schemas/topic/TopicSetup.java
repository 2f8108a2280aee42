package io.presence.schemas.topic;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Creates the topics that are missing and checks those that are there. */
public final class TopicSetup {
  /** A topic that cannot be worked with. The message says what to change. */
  public static final class UnfitTopicException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnfitTopicException(String message) {
      super(message);
    }
  }

  private TopicSetup() {}

  /**
   * Makes sure that every topic exists with {@code partitions} partitions.
   *
   * @param replication how many replicas a topic is created with; empty: the brokers' default
   * @throws UnfitTopicException if one exists with another number of partitions, another timestamp
   *     type or another cleanup policy
   */
  public static void ensure(
      Admin admin, List<Topic<?>> topics, int partitions, Optional<Short> replication)
      throws InterruptedException {
    for (Topic<?> topic : topics) {
      NewTopic wanted =
          new NewTopic(topic.name(), Optional.of(partitions), replication).configs(topic.config());
      try {
        admin.createTopics(Set.of(wanted)).all().get();
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw new IllegalStateException(
              "cannot create the topic " + topic.name() + ": " + e.getCause(), e.getCause());
        }
      }
    }
    check(admin, topics, partitions);
  }

  private static void check(Admin admin, List<Topic<?>> topics, int partitions)
      throws InterruptedException {
    Map<String, TopicDescription> descriptions = describe(admin, topics);
    Map<String, Config> configs = configs(admin, topics);
    List<String> faults = new ArrayList<>();
    for (Topic<?> topic : topics) {
      int actual = Objects.requireNonNull(descriptions.get(topic.name())).partitions().size();
      if (actual != partitions) {
        faults.add(
            "%s has %d partitions, but %d are configured (PRESENCE_PARTITIONS)"
                .formatted(topic.name(), actual, partitions));
      }
      Config config = Objects.requireNonNull(configs.get(topic.name()));
      for (String key :
          List.of(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, TopicConfig.CLEANUP_POLICY_CONFIG)) {
        String wanted = topic.config().get(key);
        ConfigEntry entry = config.get(key);
        if (wanted != null && (entry == null || !wanted.equals(entry.value()))) {
          faults.add(
              "%s has %s=%s, but needs %s=%s"
                  .formatted(topic.name(), key, entry == null ? "" : entry.value(), key, wanted));
        }
      }
    }
    if (!faults.isEmpty()) {
      throw new UnfitTopicException(String.join("; ", faults));
    }
  }

  /** What was just created may not be known to every broker yet: asks again for a while. */
  private static Map<String, TopicDescription> describe(Admin admin, List<Topic<?>> topics)
      throws InterruptedException {
    return await(topics, names -> admin.describeTopics(names).allTopicNames().toCompletionStage());
  }

  private static Map<String, Config> configs(Admin admin, List<Topic<?>> topics)
      throws InterruptedException {
    Map<ConfigResource, Config> configs =
        await(
            topics,
            names ->
                admin
                    .describeConfigs(
                        names.stream()
                            .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                            .toList())
                    .all()
                    .toCompletionStage());
    return configs.entrySet().stream()
        .collect(Collectors.toMap(e -> e.getKey().name(), Map.Entry::getValue));
  }

  private static <T> T await(
      List<Topic<?>> topics, Function<List<String>, CompletionStage<T>> request)
      throws InterruptedException {
    List<String> names = topics.stream().<String>map(Topic::name).toList();
    for (int attempt = 1; ; attempt++) {
      try {
        return request.apply(names).toCompletableFuture().get();
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException) || attempt == 50) {
          throw new IllegalStateException("cannot describe the topics " + names, e.getCause());
        }
        Thread.sleep(100);
      }
    }
  }
}
