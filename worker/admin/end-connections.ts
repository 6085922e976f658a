// Ends the connections of many clients, a few at a time.

import type { List } from "../../src/directory/listing.ts";
import type { ManageRequest } from "../../src/session/manage.ts";
import type { Env } from "../env.ts";
import { reachSession } from "./session-call.ts";

const atOnce = 6;

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
