// What an operator does to clients, sessions and retained messages is written down before it is done: it changes objects and not the
// control database, so the two cannot be one transaction. What was there before the object alone knows, and says as it is done.

import type { Description } from "../../src/session/describe.ts";
import { showClient, showExpiry } from "./client-schemas.ts";
import type { Call } from "./route.ts";

type Caller = Pick<Call<unknown, unknown, unknown>, "control" | "caller" | "nowMs">;

interface Found {
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Answers how to add to the entry what the object has said. */
export async function note(
  { control, caller, nowMs }: Caller,
  entry: { readonly action: string; readonly subject: string; readonly after?: unknown },
): Promise<(found: Found) => Promise<void>> {
  const noted = { ...entry, subject: entry.subject.slice(0, subjectMax), actor: caller.name };
  const id = await control.note(nowMs, noted);
  return async (found) => {
    if (found.before === undefined && found.after === undefined) return;
    try {
      await control.complete(id, found);
    } catch (error) {
      // It is done, and written down.
      console.warn(JSON.stringify({ event: "audit-incomplete", id, error: `${error}` }));
    }
  };
}

const subjectMax = 1024;
/** Of many things so many are named. */
export const namedMax = 100;

/** Undefined: there was none, or its object runs earlier code. */
export function sessionBefore(found: Description | undefined): object | undefined {
  if (found === undefined) return undefined;
  const { clientId: _subject, disconnectedAtMs: _unknown, ...standing } = showClient(found.standing);
  const { expirySeconds, subscriptions, queueMessages, queueBytes, limits } = found;
  const queue = { messages: queueMessages, bytes: queueBytes };
  return { ...standing, expirySeconds: showExpiry(expirySeconds), subscriptions, queue, limits };
}
