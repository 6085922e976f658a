// A change of the control database by a caller of the API: written with its audit entry, then told to everybody it concerns.
// When this returns, nobody is let in who does not know of it.

import type { Seen } from "../d1/seen.ts";
import { announce, NotAnnounced } from "../gate/gates.ts";
import { ProblemError } from "./problem.ts";
import type { Call } from "./route.ts";

interface Change {
  /** What was read before, and decides what is written or what is said about it. Where it has changed meanwhile, nothing is done. */
  readonly restsOn: readonly Seen[];
  readonly statements: readonly D1PreparedStatement[];
  /** Such as `user.create`. */
  readonly action: string;
  readonly subject: string;
  /** As the API shows it, so never with a secret. */
  readonly before?: unknown;
  readonly after?: unknown;
  /** Whom it concerns: see worker/auth/subjects.ts. Absent: no client. */
  readonly concerns?: readonly string[];
}

type Caller = Pick<Call<unknown, unknown, unknown>, "env" | "control" | "caller" | "nowMs">;

/** Answers the revision that it makes. */
export async function change({ env, control, caller, nowMs }: Caller, made: Change): Promise<number> {
  const { restsOn, statements, concerns = [], ...entry } = made;
  const revision = await control.change(nowMs, { restsOn, statements, entry: { ...entry, actor: caller.name } });
  if (concerns.length === 0) return revision;
  try {
    await announce(env, revision, concerns);
    return revision;
  } catch (error) {
    if (!(error instanceof NotAnnounced)) throw error;
    throw new ProblemError({
      status: 503,
      name: "not-announced",
      title: "The change is stored, but not everybody who is connected has been told.",
      detail: error.message,
      remedy: "It takes effect within ACCESS_CACHE_SECONDS. Make it again to have it take effect at once.",
    });
  }
}
