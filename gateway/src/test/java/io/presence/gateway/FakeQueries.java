package io.presence.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.presence.schemas.presence.Visibility;
import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Ownership;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Answers by the name of who is asked about: {@code hidden…} is seen by {@code ada} alone, {@code
 * unknown…} by nobody, {@code gone…} is not here, {@code stale…} comes from a standby, {@code
 * broken…} fails; all others are shown.
 */
final class FakeQueries implements Queries {
  static String presence(String id) {
    return "{\"user_id\":\"" + id + "\",\"custom_status\":\"sh\u00f6n \ud83d\udc4b\"}";
  }

  @Override
  public CompletionStage<Lookup.Answer> lookup(Lookup.Request request) {
    if (request.userIds().stream().anyMatch(id -> id.startsWith("broken"))) {
      return CompletableFuture.failedStage(new IllegalStateException("broken"));
    }
    return CompletableFuture.supplyAsync(
        () ->
            new Lookup.Answer(
                request.userIds().stream().map(id -> entry(request.requester(), id)).toList()));
  }

  private static Lookup.Entry entry(@Nullable String requester, String id) {
    boolean hidden = id.startsWith("hidden") && !"ada".equals(requester);
    if (id.startsWith("gone")) {
      return Lookup.Entry.NOT_HERE;
    }
    if (hidden) {
      return new Lookup.Entry(
          Lookup.Outcome.NOT_SHOWN, null, 17, Visibility.CONTACTS, false, false);
    }
    if (id.startsWith("unknown")) {
      return new Lookup.Entry(Lookup.Outcome.NOT_SHOWN, null, 0, Visibility.EVERYONE, false, false);
    }
    return new Lookup.Entry(
        Lookup.Outcome.SHOWN,
        presence(id).getBytes(UTF_8),
        5,
        Visibility.EVERYONE,
        false,
        id.startsWith("stale"));
  }

  @Override
  public CompletionStage<Question.Reply> ask(Question question) {
    String id =
        switch (question) {
          case Question.OfUser q -> q.userId();
          case Question.OfChannel q -> q.channelId();
        };
    if (id.startsWith("broken")) {
      return CompletableFuture.failedStage(new IllegalStateException("broken"));
    }
    if (id.startsWith("gone")) {
      return CompletableFuture.completedStage(Question.Reply.NOT_HERE);
    }
    String json =
        switch (question) {
          case Question.OwnStatus status -> "{\"claim\":null,\"visibility\":\"contacts\"}";
          case Question.Explain explain -> "{\"explained\":\"" + id + "\"}";
          case Question.Sessions page ->
              "{\"sessions\":[],\"limit\":" + page.limit() + ",\"after\":\"" + page.after() + "\"}";
          case Question.Members page -> members(page);
          case Question.Count count -> "{\"count\":3,\"version\":7}";
          case Question.Contacts page ->
              "{\"contacts\":[],\"limit\":" + page.limit() + ",\"after\":\"" + page.after() + "\"}";
        };
    if (question instanceof Question.Sessions page && "bad".equals(page.after())) {
      return CompletableFuture.completedStage(Question.Reply.INVALID);
    }
    return CompletableFuture.completedStage(
        Question.Reply.answered(json.getBytes(UTF_8), id.startsWith("stale")));
  }

  /** Three members, of whom one is hidden: by twos. */
  private static String members(Question.Members page) {
    List<String> ids = List.of("ada", "bob", "hidden");
    List<String> rest =
        ids.stream().filter(id -> page.after() == null || id.compareTo(page.after()) > 0).toList();
    List<String> shown = rest.subList(0, Math.min(rest.size(), page.limit()));
    String next = shown.size() < rest.size() ? ",\"next\":\"" + shown.getLast() + "\"" : "";
    return "{\"members\":["
        + shown.stream()
            .map(
                id ->
                    "{\"user_id\":\"%s\",\"joined_at\":1.000,\"last_seen\":2.000,\"metadata\":null}"
                        .formatted(id))
            .collect(Collectors.joining(","))
        + "],\"count\":3,\"version\":7"
        + next
        + "}";
  }

  @Override
  public CompletionStage<Ownership> ownership() {
    return CompletableFuture.completedStage(
        new Ownership(
            8,
            List.of(
                new Ownership.Instance("here:1", List.of(0), List.of(), List.of(0), List.of()))));
  }
}
