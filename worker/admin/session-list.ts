// The list of sessions, from the objects that share it.

import type { List, ListRequest } from "../../src/directory/listing.ts";
import { configOf } from "../config.ts";
import type { Env } from "../env.ts";
import { withRetries } from "../retry.ts";
import { directoryPartStub } from "../stubs.ts";
import { listFrom } from "./list-rounds.ts";
import { orUnavailable } from "./session-call.ts";

export async function listSessions(env: Env, request: ListRequest): Promise<List> {
  const parts = configOf(env).directoryShards;
  const ask = (part: number, partial: ListRequest) => withRetries(() => directoryPartStub(env, part).list(partial));
  return listFrom(parts, (part, partial) => orUnavailable("directory", `${part}`, ask(part, partial)), request);
}
