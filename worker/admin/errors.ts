// What an error is to the caller: a problem, and nothing of what is inside.

import { ControlUnavailable } from "../d1/control.ts";
import { controlUnavailable, internal, ProblemError, problemResponse, unauthorized } from "./problem.ts";

export function errorResponse(error: unknown): Response {
  if (error instanceof ProblemError) {
    const isUnknown = error.problem === unauthorized;
    return problemResponse(error.problem, isUnknown ? { "WWW-Authenticate": 'Bearer realm="durablemq"' } : {});
  }
  if (error instanceof ControlUnavailable) return problemResponse(controlUnavailable, { "Retry-After": "1" });
  console.error(JSON.stringify({ event: "api-error", error: (error as Error).stack ?? `${error}` }));
  return problemResponse(internal);
}
