package io.presence.gateway.http;

import io.presence.schemas.json.Problem;

/** A call that ends with a problem. */
final class ProblemException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient Problem problem;

  ProblemException(int status, String detail) {
    this(new Problem(status, detail));
  }

  ProblemException(Problem problem) {
    super(problem.detail());
    this.problem = problem;
  }

  Problem problem() {
    return problem;
  }
}
