// What an operator does to clients and sessions is written down before it is done: it changes objects and not the control
// database, so the two cannot be one transaction.

import type { Call } from "./route.ts";

type Caller = Pick<Call<unknown, unknown, unknown>, "control" | "caller" | "nowMs">;

export async function note(
  { control, caller, nowMs }: Caller,
  entry: { readonly action: string; readonly subject: string; readonly after?: unknown },
): Promise<void> {
  await control.note(nowMs, { ...entry, subject: entry.subject.slice(0, subjectMax), actor: caller.name });
}

const subjectMax = 1024;
