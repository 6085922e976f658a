// The bans that the broker makes by itself, for a time.

import { type Ban, banShape, countActiveBans, putBans } from "../d1/bans.ts";
import { Control } from "../d1/control.ts";
import { findOne, tryAnew } from "../d1/seen.ts";
import type { Env } from "../env.ts";
import { announce } from "../gate/gates.ts";
import { subjectOf } from "./subjects.ts";

/** The API lets there be so many; beyond, nobody is banned, and refused all the same. */
const bansMax = 10_000;

export function banClient(env: Env, clientId: string, untilMs: number, comment: string): Promise<void> {
  return tryAnew(async () => {
    const nowMs = Date.now();
    const control = new Control(env.CONTROL);
    const { item: before, seen } = await findOne(control, banShape, "client", clientId);
    // What an operator has said meanwhile is not cut short.
    if (before !== undefined && (before.untilMs ?? Number.POSITIVE_INFINITY) >= untilMs) return;
    if ((await countActiveBans(control, nowMs)) >= bansMax) return;
    const ban: Ban = { kind: "client", value: clientId, untilMs, comment, createdAtMs: nowMs };
    const revision = await control.change(nowMs, {
      restsOn: [seen],
      statements: putBans(control, [ban], nowMs),
      entry: { actor: "broker", action: "ban.put", subject: `client:${clientId}`, after: ban },
    });
    await announce(env, revision, [subjectOf("client", clientId)]);
  });
}
