// The bans that the broker makes by itself, for a time.

import { type Ban, countActiveBans, putBans } from "../d1/bans.ts";
import { Control } from "../d1/control.ts";
import type { Env } from "../env.ts";
import { announce } from "../gate/gates.ts";
import { subjectOf } from "./subjects.ts";

/** The API lets there be so many; beyond, nobody is banned, and refused all the same. */
const bansMax = 10_000;

export async function banClient(env: Env, clientId: string, untilMs: number, comment: string): Promise<void> {
  const nowMs = Date.now();
  const control = new Control(env.CONTROL);
  if ((await countActiveBans(control, nowMs)) >= bansMax) return;
  const ban: Ban = { kind: "client", value: clientId, untilMs, comment, createdAtMs: nowMs };
  const entry = { actor: "broker", action: "ban.put", subject: `client:${clientId}`, after: ban };
  const revision = await control.change(nowMs, putBans(control, [ban], nowMs), entry);
  await announce(env, revision, [subjectOf("client", clientId)]);
}
