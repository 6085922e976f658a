// What an error is to the caller: a problem, and nothing of what is inside.

import { ControlUnavailable } from "../d1/control.ts";
import { Outdated } from "../d1/seen.ts";
import {
  changedMeanwhile,
  controlUnavailable,
  internal,
  type Problem,
  ProblemError,
  problemResponse,
  unauthorized,
} from "./problem.ts";

/** What is no fault of ours, or is known to pass. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Outdated) return changedMeanwhile;
  return error instanceof ControlUnavailable ? controlUnavailable : undefined;
}

export function errorResponse(error: unknown): Response {
  const problem = problemOf(error);
  switch (problem) {
    case undefined:
      console.error(JSON.stringify({ event: "api-error", error: (error as Error).stack ?? `${error}` }));
      return problemResponse(internal);
    case unauthorized:
      return problemResponse(problem, { "WWW-Authenticate": 'Bearer realm="durablemq"' });
    case controlUnavailable:
      return problemResponse(problem, { "Retry-After": "1" });
    default:
      return problemResponse(problem);
  }
}
