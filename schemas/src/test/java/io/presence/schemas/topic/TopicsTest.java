package io.presence.schemas.topic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.config.TopicConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TopicsTest {
  private static final Topics TOPICS = new Topics("");

  static Stream<Topic<?>> all() {
    return Stream.concat(
        TOPICS.all().stream(), List.of(TOPICS.inboxes(), TOPICS.common()).stream());
  }

  @ParameterizedTest
  @MethodSource("all")
  void shouldTakeWhatABrokerStampedWhoseClockIsFarAhead(Topic<?> topic) {
    boolean stampedAsItIsAppended =
        "LogAppendTime".equals(topic.config().get(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG));
    String ahead = topic.config().get(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG);
    assertThat(stampedAsItIsAppended || Topics.ANY_TIME.equals(ahead))
        .as("%s", topic.config())
        .isTrue();
  }
}
