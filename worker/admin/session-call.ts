// How the HTTP API asks a session's object, and what its answers become where they are not what a route hopes for.

import type { ManageAnswer, ManageRequest } from "../../src/session/manage.ts";
import type { LocationHint } from "../config.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { sessionName } from "../names.ts";
import { withRetries } from "../retry.ts";
import { sessionStub } from "../stubs.ts";
import { conflict, notFound, ProblemError } from "./problem.ts";

type AnswerOf<Kind extends ManageAnswer["kind"]> = Extract<ManageAnswer, { readonly kind: Kind }>;

export interface SessionCall<Kind extends ManageAnswer["kind"]> {
  readonly env: Env;
  readonly clientId: string;
  readonly request: ManageRequest;
  /** What the answer has to be. */
  readonly hopes: Kind;
  /** Where the object is made, if it is not there. */
  readonly locationHint?: LocationHint | undefined;
}

/** What is asked twice has the same effect as once, but for a pull: it would lease what nobody has got. */
export async function callSession<Kind extends ManageAnswer["kind"]>(call: SessionCall<Kind>): Promise<AnswerOf<Kind>> {
  const { env, clientId, request, hopes, locationHint } = call;
  const answer = await reachSession(env, sessionName(clientId), request, locationHint);
  if (answer.kind === hopes) return answer as AnswerOf<Kind>;
  throw disappointment(answer, clientId);
}

/** The answer, whatever it is; a problem if there is none. */
export function reachSession(
  env: Env,
  name: string,
  request: ManageRequest,
  locationHint?: LocationHint,
): Promise<ManageAnswer> {
  const ask = async (): Promise<ManageAnswer> => sessionStub(env, name, locationHint).manage(request);
  if (request.kind !== "pull") return orUnavailable("session", name, withRetries(ask));
  counters.add("object_calls");
  return orUnavailable("session", name, ask());
}

/** An object that does not answer is a problem of its own, and no fault of the caller. */
export async function orUnavailable<Result>(what: string, name: string, answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    console.warn(JSON.stringify({ event: `${what}-unreachable`, [what]: name, error: `${error}` }));
    throw unavailable(`${what}-unreachable`, `An object of the kind "${what}" does not answer.`);
  }
}

function disappointment({ kind }: ManageAnswer, clientId: string): Error {
  switch (kind) {
    case "absent":
      return notFound(`session of the client ${JSON.stringify(clientId)}`);
    case "connected":
      return conflict(
        "The session's client is connected.",
        "Its messages go to it: let it consume them, or kick it. A client whose session ends with its connection has to go first.",
      );
    case "unreachable":
      return unavailable("shard-unreachable", "A topic shard does not answer: the request may hold in part.");
    case "unknown":
      return unavailable(
        "version-too-old",
        "The session's object runs earlier code, which does not know this request.",
      );
    default:
      return new Error(`a session's object answered ${kind}`);
  }
}

function unavailable(name: string, title: string): ProblemError {
  return new ProblemError({ status: 503, name, title, remedy: "Try again in a moment; to ask twice does no harm." });
}
