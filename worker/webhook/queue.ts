// A batch into a queue of the platform: a message for each item, in as many calls as the platform's limits ask for.

import type { ParcelOutcome } from "../../src/session/parcel.ts";
import type { Env } from "../env.ts";
import type { Item } from "./body.ts";

/** Of one call, and of one message in it. */
const messagesMax = 100;
const callBytesMax = 240_000;
const messageBytesMax = 127_000;

const encoder = new TextEncoder();

export interface QueueItem extends Item {
  readonly webhook: string;
  readonly batch: string;
}

/** Undefined: the deployment has no queue of this name. */
export function queueOf(env: Env, binding: string): Queue<QueueItem> | undefined {
  const bound = (env as unknown as Readonly<Record<string, unknown>>)[binding];
  return typeof (bound as Queue | undefined)?.sendBatch === "function" ? (bound as Queue<QueueItem>) : undefined;
}

/** All or nothing to the one who reads the outcome: what was sent before a call failed comes again, under the same ids. */
export async function enqueue(env: Env, binding: string, items: readonly QueueItem[]): Promise<ParcelOutcome> {
  const queue = queueOf(env, binding);
  if (queue === undefined) return failed("no-queue", `the deployment has no queue ${binding}`, false);
  const calls: QueueItem[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = encoder.encode(JSON.stringify(item)).length;
    if (size > messageBytesMax) return failed("too-large", `item ${item.id} has ${size} bytes`, true);
    const last = calls.at(-1);
    if (last === undefined || last.length >= messagesMax || bytes + size > callBytesMax) {
      calls.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  try {
    for (const call of calls) await queue.sendBatch(call.map((body) => ({ body, contentType: "json" })));
    return { isDelivered: true };
  } catch (error) {
    return failed("unreachable", `${(error as Error).message}`, false);
  }
}

function failed(reason: string, detail: string, isFinal: boolean): ParcelOutcome {
  return { isDelivered: false, isFinal, reason, detail, status: 0, retryAfterMs: 0 };
}
