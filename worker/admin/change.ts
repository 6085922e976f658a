// A change of the control database by a caller of the API: written with its audit entry, then made known.

import type { Call } from "./route.ts";

interface Change {
  readonly statements: readonly D1PreparedStatement[];
  /** Such as `user.create`. */
  readonly action: string;
  readonly subject: string;
  /** As the API shows it, so never with a secret. */
  readonly before?: unknown;
  readonly after?: unknown;
}

type Caller = Pick<Call<unknown, unknown, unknown>, "control" | "caller" | "nowMs">;

export async function change({ control, caller, nowMs }: Caller, { statements, ...entry }: Change): Promise<void> {
  await control.change(nowMs, statements, { ...entry, actor: caller.name });
}
