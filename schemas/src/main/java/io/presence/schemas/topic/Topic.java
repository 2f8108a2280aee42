package io.presence.schemas.topic;

import java.util.Map;
import org.apache.kafka.common.serialization.Serde;

/**
 * One topic: its name, what travels in it and how Kafka keeps it. Keys are ids in UTF-8.
 *
 * @param config what the topic is created with
 */
public record Topic<V>(String name, Serde<V> values, Map<String, String> config) {}
