// Carries one batch to where its sink says.

import type { ParcelOutcome } from "../../src/session/parcel.ts";
import type { SinkTarget } from "../../src/session/sink.ts";
import type { Env } from "../env.ts";
import type { Batch } from "./body.ts";
import { post } from "./post.ts";
import { enqueue } from "./queue.ts";

export function carry(env: Env, batch: Batch, target: SinkTarget, nowMs: number): Promise<ParcelOutcome> {
  if (target.kind === "http") return post(target, { id: batch.batch, body: JSON.stringify(batch) }, nowMs);
  const { webhook, batch: id, items } = batch;
  return enqueue(
    env,
    target.binding,
    items.map((item) => ({ ...item, webhook, batch: id })),
  );
}
