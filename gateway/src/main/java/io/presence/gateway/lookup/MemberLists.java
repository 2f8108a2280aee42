package io.presence.gateway.lookup;

import io.presence.schemas.query.Lookup;
import io.presence.schemas.query.Queries;
import io.presence.schemas.query.Question;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Who is in a channel, as far as someone may see it: that they are there is shown to all who may
 * read the channel; when they were last seen, to those who may see their presence. If that cannot
 * be found out, it is not shown.
 */
public final class MemberLists {
  private static final int PAGE = 5_000;
  private static final int MAX_IDS = 1_000;

  /**
   * A whole list.
   *
   * @param byStrangers of whom a stranger sees when they were last seen
   * @param byRequester the same, for each who sees more
   */
  public record Seen(MemberList list, BitSet byStrangers, Map<String, BitSet> byRequester) {}

  private final Queries queries;
  private final Duration patience;

  /**
   * @param patience how long one question may take in all
   */
  public MemberLists(Queries queries, Duration patience) {
    this.queries = queries;
    this.patience = patience;
  }

  /**
   * All members of a channel that are not hidden.
   *
   * @param requesters asked for once the list is there: who will see it
   * @return fails if nobody could be asked
   */
  public CompletionStage<Seen> load(String channelId, Supplier<Set<String>> requesters) {
    return pages(channelId, new MemberList(), null)
        .thenCompose(
            list ->
                entries(list, IntStream.range(0, list.size()).toArray(), null)
                    .thenCompose(entries -> seen(list, entries, requesters.get())));
  }

  /**
   * Of whom someone sees when they were last seen.
   *
   * @param requester null: a stranger
   * @return never fails
   */
  public CompletionStage<BitSet> seen(MemberList list, @Nullable String requester) {
    int[] all = IntStream.range(0, list.size()).toArray();
    return entries(list, all, requester)
        .thenApply(entries -> permitted(list, all, entries, requester));
  }

  private CompletionStage<MemberList> pages(
      String channelId, MemberList list, @Nullable String after) {
    return queries
        .ask(new Question.Members(channelId, null, PAGE, after))
        .toCompletableFuture()
        .copy()
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .thenCompose(
            reply -> {
              byte[] json = reply.json();
              if (json == null) {
                return CompletableFuture.failedStage(
                    new IOException("nobody who holds the channel could be asked"));
              }
              try {
                list.add(json, reply.stale());
              } catch (IOException e) {
                throw new CompletionException(e);
              }
              String next = list.next();
              return next == null
                  ? CompletableFuture.completedStage(list)
                  : pages(channelId, list, next);
            });
  }

  private CompletionStage<Seen> seen(
      MemberList list, List<Lookup.Entry> entries, Set<String> requesters) {
    int[] all = IntStream.range(0, list.size()).toArray();
    BitSet byStrangers = permitted(list, all, entries, null);
    // Only of these does it matter who asks.
    int[] byContact =
        IntStream.of(all)
            .filter(i -> entries.get(i).visibility().permits("a contact", list.userId(i), true))
            .filter(i -> !byStrangers.get(i))
            .toArray();
    Map<String, CompletableFuture<BitSet>> asked = new HashMap<>();
    for (String requester : requesters) {
      asked.put(
          requester,
          entries(list, byContact, requester)
              .thenApply(
                  found -> {
                    BitSet more = permitted(list, byContact, found, requester);
                    more.or(byStrangers);
                    int own = list.indexOf(requester);
                    if (own >= 0) {
                      more.set(own);
                    }
                    return more;
                  })
              .toCompletableFuture());
    }
    return CompletableFuture.allOf(asked.values().toArray(CompletableFuture<?>[]::new))
        .thenApply(
            done -> {
              Map<String, BitSet> byRequester = new HashMap<>();
              asked.forEach((requester, bits) -> byRequester.put(requester, bits.join()));
              return new Seen(list, byStrangers, byRequester);
            });
  }

  private static BitSet permitted(
      MemberList list, int[] indexes, List<Lookup.Entry> entries, @Nullable String requester) {
    BitSet permitted = new BitSet(list.size());
    for (int i = 0; i < indexes.length; i++) {
      Lookup.Entry entry = entries.get(i);
      String userId = list.userId(indexes[i]);
      if (entry.visibility().permits(requester, userId, entry.contact())) {
        permitted.set(indexes[i]);
      }
    }
    return permitted;
  }

  /**
   * What is known of some members; of those that nobody could be asked about, as good as nothing.
   */
  private CompletionStage<List<Lookup.Entry>> entries(
      MemberList list, int[] indexes, @Nullable String requester) {
    List<CompletableFuture<List<Lookup.Entry>>> parts = new ArrayList<>();
    for (int from = 0; from < indexes.length; from += MAX_IDS) {
      List<String> ids =
          IntStream.range(from, Math.min(indexes.length, from + MAX_IDS))
              .mapToObj(i -> list.userId(indexes[i]))
              .toList();
      parts.add(
          queries
              .lookup(new Lookup.Request(requester, ids, false, false))
              .toCompletableFuture()
              .copy()
              .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
              .thenApply(Lookup.Answer::entries)
              .exceptionally(failure -> ids.stream().map(id -> Lookup.Entry.NOT_HERE).toList()));
    }
    return CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new))
        .thenApply(
            done -> parts.stream().map(CompletableFuture::join).flatMap(List::stream).toList());
  }
}
