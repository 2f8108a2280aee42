package io.presence.streams.query;

import io.presence.schemas.presence.ClosedSession;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import io.presence.schemas.topic.Partitioning;
import io.presence.schemas.topic.Topic;
import io.presence.schemas.topic.Topics;
import io.presence.streams.PresenceTopology;
import io.presence.streams.core.Rules;
import io.presence.streams.store.ChannelQuery;
import io.presence.streams.store.LookupQuery;
import io.presence.streams.store.Taken;
import io.presence.streams.store.UserQuery;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.StateQueryRequest;
import org.apache.kafka.streams.query.WindowRangeQuery;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.jspecify.annotations.Nullable;

/**
 * Answers from the stores of this instance, by interactive queries: from those it owns, and, where
 * that is asked for, from standbys that are fresh enough. Answers come at once, on the caller's
 * thread.
 */
public final class StoreQueries implements Queries {
  private final KafkaStreams streams;
  private final String address;
  private final Supplier<String> epoch;
  private final Topics topics;
  private final int partitions;
  private final Rules rules;
  private final StandbyFreshness freshness;
  private final Standstill standstill;

  /**
   * @param address at which gateways reach this instance
   * @param epoch is another one whenever this instance began anew with what was committed
   * @param partitions how many partitions there are
   * @param freshness which standbys may answer
   * @param standstill whether what is owned here is to be treated as a copy
   */
  public StoreQueries(
      KafkaStreams streams,
      String address,
      Supplier<String> epoch,
      Topics topics,
      int partitions,
      Rules rules,
      StandbyFreshness freshness,
      Standstill standstill) {
    this.streams = streams;
    this.address = address;
    this.epoch = epoch;
    this.topics = topics;
    this.partitions = partitions;
    this.rules = rules;
    this.freshness = freshness;
    this.standstill = standstill;
  }

  @Override
  public CompletionStage<Lookup.Answer> lookup(Lookup.Request request) {
    List<String> userIds = request.userIds();
    int[] partitionOf = new int[userIds.size()];
    Map<Integer, List<String>> asked = new HashMap<>();
    List<@Nullable List<String>> byPartition =
        new ArrayList<>(Collections.nCopies(partitions, null));
    for (int i = 0; i < partitionOf.length; i++) {
      int partition = Partitioning.partitionOf(userIds.get(i), partitions);
      partitionOf[i] = partition;
      List<String> ids = byPartition.get(partition);
      if (ids == null) {
        ids = new ArrayList<>(Math.max(4, 2 * partitionOf.length / partitions));
        byPartition.set(partition, ids);
        asked.put(partition, ids);
      }
      ids.add(userIds.get(i));
    }
    Taken taken = taken(PresenceTopology.PRESENCE_STORE, request.standby());
    Map<Integer, List<Lookup.Entry>> answers =
        query(
            PresenceTopology.PRESENCE_STORE,
            new LookupQuery(request.requester(), asked, request.contacts(), taken),
            asked.keySet());
    List<@Nullable Iterator<Lookup.Entry>> answered = new ArrayList<>(partitions);
    for (int partition = 0; partition < partitions; partition++) {
      List<Lookup.Entry> answer = answers.get(partition);
      answered.add(answer == null ? null : answer.iterator());
    }
    boolean complete = true;
    Lookup.Entry[] entries = new Lookup.Entry[partitionOf.length];
    for (int i = 0; i < entries.length; i++) {
      Iterator<Lookup.Entry> answer = answered.get(partitionOf[i]);
      Lookup.Entry entry = answer == null ? Lookup.Entry.NOT_HERE : answer.next();
      complete &= entry.outcome() != Lookup.Outcome.NOT_HERE;
      entries[i] = taken.owners() ? entry.asStale() : entry;
    }
    Ownership elsewhere = complete || request.standby() ? null : owned();
    return CompletableFuture.completedFuture(new Lookup.Answer(Arrays.asList(entries), elsewhere));
  }

  @Override
  public CompletionStage<Question.Reply> ask(Question question) {
    return CompletableFuture.completedFuture(
        switch (question) {
          case Question.Explain explain -> user(explain, result -> Replies.explain(result, rules));
          case Question.OwnStatus status -> user(status, Replies::ownStatus);
          case Question.Contacts contacts ->
              user(
                  contacts,
                  result ->
                      Replies.contacts(
                          result.contacts().inOrder(), contacts.limit(), contacts.after()));
          case Question.Sessions sessions -> sessions(sessions);
          case Question.OfChannel channel -> channel(channel);
        });
  }

  @Override
  public CompletionStage<Ownership> ownership() {
    return CompletableFuture.completedFuture(owned());
  }

  /**
   * How many partitions of a store are here that may not answer now: copies that are too old, or
   * not whole yet. Asks each of them.
   *
   * @param store {@link PresenceTopology#PRESENCE_STORE} or {@link PresenceTopology#CHANNEL_STORE}
   */
  public long silent(String store) {
    Taken taken = taken(store, true);
    Query<?> query =
        store.equals(PresenceTopology.CHANNEL_STORE)
            ? new ChannelQuery(new Question.Count("", null), taken)
            : new UserQuery("", taken);
    return streams
        .query(StateQueryRequest.inStore(store).withQuery(query).withAllPartitions())
        .getPartitionResults()
        .values()
        .stream()
        .filter(QueryResult::isFailure)
        .count();
  }

  private Ownership owned() {
    List<Ownership.Instance> instances =
        streams.metadataForAllStreamsClients().stream()
            .map(
                metadata ->
                    new Ownership.Instance(
                        metadata.host() + ":" + metadata.port(),
                        partitionsOf(metadata.topicPartitions(), topics.events()),
                        partitionsOf(metadata.standbyTopicPartitions(), topics.events()),
                        partitionsOf(metadata.topicPartitions(), topics.channelEvents()),
                        partitionsOf(metadata.standbyTopicPartitions(), topics.channelEvents())))
            .toList();
    return new Ownership(partitions, instances, address, epoch.get());
  }

  /** Each part of the topology is assigned by itself, and is known by the topic that feeds it. */
  private static List<Integer> partitionsOf(Set<TopicPartition> assigned, Topic<?> topic) {
    return assigned.stream()
        .filter(partition -> partition.topic().equals(topic.name()))
        .map(TopicPartition::partition)
        .sorted()
        .toList();
  }

  private Question.Reply channel(Question.OfChannel question) {
    int partition = Partitioning.partitionOf(question.channelId(), partitions);
    Taken taken = taken(PresenceTopology.CHANNEL_STORE, true);
    ChannelQuery.Result result =
        query(PresenceTopology.CHANNEL_STORE, new ChannelQuery(question, taken), Set.of(partition))
            .get(partition);
    return result == null
        ? Question.Reply.notHere(owned())
        : reply(result.json(), result.stale() || taken.owners());
  }

  private Question.Reply user(
      Question.OfUser question, Function<UserQuery.Result, byte @Nullable []> reply) {
    int partition = Partitioning.partitionOf(question.userId(), partitions);
    Taken taken = taken(PresenceTopology.PRESENCE_STORE, true);
    UserQuery.Result result =
        query(
                PresenceTopology.PRESENCE_STORE,
                new UserQuery(question.userId(), taken),
                Set.of(partition))
            .get(partition);
    return result == null
        ? Question.Reply.notHere(owned())
        : reply(reply.apply(result), result.stale() || taken.owners());
  }

  private Question.Reply sessions(Question.Sessions question) {
    int partition = Partitioning.partitionOf(question.userId(), partitions);
    // Of these nobody keeps the time: they are old anyway, and only those who may know them ask.
    QueryResult<KeyValueIterator<Windowed<String>, List<ClosedSession>>> owned =
        streams
            .query(
                StateQueryRequest.inStore(PresenceTopology.HISTORY_STORE)
                    .withQuery(
                        WindowRangeQuery.<String, List<ClosedSession>>withKey(question.userId()))
                    .withPartitions(Set.of(partition))
                    .requireActive())
            .getPartitionResults()
            .get(partition);
    if (owned == null || !owned.isSuccess() || standstill.isInDoubt()) {
      return Question.Reply.notHere(owned());
    }
    List<ClosedSession> sessions = new ArrayList<>();
    try (KeyValueIterator<Windowed<String>, List<ClosedSession>> open = owned.getResult()) {
      open.forEachRemaining(window -> sessions.addAll(window.value));
    }
    return reply(Replies.sessions(sessions, question.limit(), question.after()), false);
  }

  private static Question.Reply reply(byte @Nullable [] json, boolean stale) {
    return json == null ? Question.Reply.INVALID : Question.Reply.answered(json, stale);
  }

  /**
   * What those who answer must have taken in.
   *
   * @param standby whether a copy may answer
   */
  private Taken taken(String store, boolean standby) {
    boolean inDoubt = standstill.isInDoubt();
    if (!standby && !inDoubt) {
      return Taken.NO_COPY;
    }
    // Whoever owns it now may have written since then, and no copy may be behind by more.
    Long ownedAfter = inDoubt ? null : System.nanoTime() - Writings.LIMIT_NANOS;
    return new Taken(partition -> freshness.required(store, partition), ownedAfter, inDoubt);
  }

  /**
   * Asks whatever of the partitions is here. Each store knows itself whether it is owned: what
   * Kafka Streams calls active is not, for the time in which any partition of the same thread
   * moves.
   */
  private <R> Map<Integer, R> query(String store, Query<R> query, Collection<Integer> asked) {
    Map<Integer, R> answers = new HashMap<>();
    streams
        .query(StateQueryRequest.inStore(store).withQuery(query).withPartitions(Set.copyOf(asked)))
        .getPartitionResults()
        .forEach(
            (partition, result) -> {
              if (result.isSuccess()) {
                answers.put(partition, Objects.requireNonNull(result.getResult()));
              }
            });
    return answers;
  }
}
