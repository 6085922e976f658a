// Ends the connections of many clients, a few at a time.

import { clientIdOf, type List } from "../../src/directory/listing.ts";
import type { ManageRequest } from "../../src/session/manage.ts";
import type { Env } from "../env.ts";
import { reachSession } from "./session-call.ts";

const atOnce = 6;

type Kick = ManageRequest & { readonly kind: "kick" };

/** Those that were connected, by client id, as far as it is known. */
export async function endConnections(
  env: Env,
  { entries }: Pick<List, "entries">,
  kick: Kick,
): Promise<readonly (string | null)[]> {
  const ended: (string | null)[] = [];
  for (let first = 0; first < entries.length; first += atOnce) {
    const few = entries.slice(first, first + atOnce);
    const answers = await Promise.all(few.map(({ name }) => reachSession(env, name, kick)));
    const those = few.filter((_, index) => {
      const answer = answers[index];
      return answer?.kind === "kicked" && answer.wasConnected;
    });
    ended.push(...those.map((entry) => clientIdOf(entry) ?? null));
  }
  return ended;
}
