// Which entries a directory asks about on its walk through them: a session's object tells it what happens, but a broker that is
// killed tells nobody. An entry is doubted
// 1. if it says that the client is connected, and nobody has said so for a day;
// 2. if its session should have ended some time ago;
// 3. if nothing was heard of it for a month.

import type { Entry } from "./entry.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** From the end of one walk to the beginning of the next. */
export const walkEveryMs = dayMs;

export function isDoubted({ state, confirmedAtMs, expiresAtMs }: Entry, nowMs: number): boolean {
  if (state === "connected") return confirmedAtMs <= nowMs - dayMs;
  if (expiresAtMs > 0 && expiresAtMs <= nowMs - hourMs) return true;
  return confirmedAtMs <= nowMs - 30 * dayMs;
}
