// Ends the connections of many clients, a few at a time.

import type { List, ListFilter } from "../../src/directory/listing.ts";
import type { ManageRequest } from "../../src/session/manage.ts";
import type { Env } from "../env.ts";
import { reachSession } from "./session-call.ts";
import { listSessions } from "./session-list.ts";

const atOnce = 6;
const pageEntries = 100;
/** What one call of the API ends at most; the others are found by whoever looks again. */
const pagesMax = 50;

type Kick = ManageRequest & { readonly kind: "kick" };

/** How many were connected. */
export async function endConnections(env: Env, { entries }: Pick<List, "entries">, kick: Kick): Promise<number> {
  let ended = 0;
  for (let first = 0; first < entries.length; first += atOnce) {
    const few = entries.slice(first, first + atOnce);
    const answers = await Promise.all(few.map(({ name }) => reachSession(env, name, kick)));
    ended += answers.filter((answer) => answer.kind === "kicked" && answer.wasConnected).length;
  }
  return ended;
}

/** Of all that the directory knows to be connected and that the filter matches. */
export async function endAllConnections(env: Env, filter: ListFilter, kick: Kick): Promise<void> {
  let after: string | undefined = "";
  for (let page = 0; page < pagesMax && after !== undefined; page++) {
    const list: List = await listSessions(env, { ...filter, state: "connected", after, limit: pageEntries });
    await endConnections(env, list, kick);
    after = list.after;
  }
}
