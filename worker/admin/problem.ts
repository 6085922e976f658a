// Errors of the HTTP API: `application/problem+json` (RFC 9457), with what to do about it.

export interface Problem {
  readonly status: number;
  /** Names the kind of problem; never changes. */
  readonly name: string;
  readonly title: string;
  readonly detail?: string;
  /** What the caller can do. */
  readonly remedy: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

export function problemResponse({ name, ...rest }: Problem, headers: HeadersInit = {}): Response {
  return Response.json(
    { type: `urn:durablemq:problem:${name}`, ...rest },
    { status: rest.status, headers: { ...headers, "Content-Type": "application/problem+json" } },
  );
}

export function notFound(what: string): ProblemError {
  return new ProblemError({
    status: 404,
    name: "not-found",
    title: `There is no ${what}.`,
    remedy: "List what there is, and mind that names are compared letter by letter.",
  });
}

export function conflict(title: string, remedy: string): ProblemError {
  return new ProblemError({ status: 409, name: "conflict", title, remedy });
}

export function invalid(path: string, message: string): ProblemError {
  return invalidInput([{ path, message }]);
}

export function invalidInput(errors: readonly { readonly path: string; readonly message: string }[]): ProblemError {
  return new ProblemError({
    status: 400,
    name: "invalid-input",
    title: "The request is not as this route needs it.",
    remedy: "Correct what `errors` names.",
    errors,
  });
}

export const noSuchRoute: Problem = {
  status: 404,
  name: "no-such-route",
  title: "There is no such route.",
  remedy: "See /api/v1 for the routes that there are.",
};

export const methodNotAllowed: Problem = {
  status: 405,
  name: "method-not-allowed",
  title: "The route does not have this method.",
  remedy: "Use one of the methods in the Allow header.",
};

export const unauthorized: Problem = {
  status: 401,
  name: "unauthorized",
  title: "An API key is needed.",
  remedy: "Send a valid key as `Authorization: Bearer <key>`. The first key is the secret ADMIN_KEY of the deployment.",
};

export const changedMeanwhile: Problem = {
  status: 409,
  name: "changed-meanwhile",
  title: "Others keep changing the same.",
  remedy: "Nothing was changed. Look at what is there now, and try again.",
};

export const controlUnavailable: Problem = {
  status: 503,
  name: "control-database-unavailable",
  title: "The control database does not answer.",
  remedy: "Nothing was changed. Try again in a moment.",
};

export const internal: Problem = {
  status: 500,
  name: "internal",
  title: "Something went wrong that is not the caller's fault.",
  remedy: "See the log of the deployment.",
};
