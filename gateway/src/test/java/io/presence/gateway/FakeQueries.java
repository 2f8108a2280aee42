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
          case Question.Contacts page ->
              "{\"contacts\":[],\"limit\":" + page.limit() + ",\"after\":\"" + page.after() + "\"}";
          case Question.Members page -> "{\"members\":[],\"count\":0,\"version\":0}";
          case Question.Count count -> "{\"count\":0,\"version\":0}";
        };
    if (question instanceof Question.Sessions page && "bad".equals(page.after())) {
      return CompletableFuture.completedStage(Question.Reply.INVALID);
    }
    return CompletableFuture.completedStage(
        new Question.Reply(
            Question.Outcome.ANSWERED, json.getBytes(UTF_8), id.startsWith("stale")));
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
