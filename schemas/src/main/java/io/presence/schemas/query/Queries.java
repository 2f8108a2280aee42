package io.presence.schemas.query;

import java.util.concurrent.CompletionStage;

/**
 * What one streams-app instance answers about the partitions that it holds: in the same JVM, or
 * over HTTP.
 */
public interface Queries {

  /**
   * Looks up many users at once. Cost: a hash probe and a copy for each id.
   *
   * @return fails only if the instance cannot be reached or is not ready; ids that it does not hold
   *     come back {@link Lookup.Outcome#NOT_HERE}
   */
  CompletionStage<Lookup.Answer> lookup(Lookup.Request request);

  /** Answers a question about one user or channel. */
  CompletionStage<Question.Reply> ask(Question question);

  /** Who holds what, as this instance knows it. */
  CompletionStage<Ownership> ownership();
}
