// All gates: which one a user or a client id has, and how they are told of a change.

import { shardOf } from "../../src/topic/shards.ts";
import { accessBook } from "../auth/book.ts";
import { configOf } from "../config.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { withRetries } from "../retry.ts";
import { gateStub } from "../stubs.ts";
import type { RefusalEntry } from "./refusals.ts";

/** Calls at once, within what the platform lets an invocation have. */
const atOnce = 6;
/** Levels of a name that count: all. */
const wholeName = Number.MAX_SAFE_INTEGER;

export class NotAnnounced extends Error {}

/** When this returns, every connection that the change concerns has been told, and none is let in that does not know of it. */
export async function announce(env: Env, revision: number, subjects: readonly string[]): Promise<void> {
  // This copy of the Worker need not be told by a gate.
  accessBook(env).outdate(revision, undefined);
  const { accessGates } = configOf(env);
  const waiting = Array.from({ length: accessGates }, (_, index) => index);
  let missed = 0;
  const work = async () => {
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      if (!(await tell(env, index, revision, subjects))) missed++;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, accessGates) }, work));
  if (missed > 0) throw new NotAnnounced(`${missed} of ${accessGates} gates do not answer`);
}

/** A change may be told twice. */
async function tell(env: Env, index: number, revision: number, subjects: readonly string[]): Promise<boolean> {
  try {
    await withRetries(async () => gateStub(env, index).announce(revision, subjects));
    return true;
  } catch (error) {
    console.warn(JSON.stringify({ event: "gate-unreachable", gate: index, error: `${error}` }));
    return false;
  }
}

/** Where a connection asks to be let in. */
export function gateNameOf(user: string | undefined, clientId: string): string {
  return user ?? clientId;
}

export function gateOf(env: Env, name: string): ReturnType<typeof gateStub> {
  return gateStub(env, shardOf(name, wholeName, configOf(env).accessGates));
}

export async function noteRefusals(env: Env, clientId: string, refusals: readonly RefusalEntry[]): Promise<void> {
  counters.add("object_calls");
  await gateOf(env, clientId).noteRefusals(clientId, refusals);
}
