// Tells everybody to whom events happen which of them a webhook wants.

import pMap from "p-map";
import type { EventType } from "../../src/directory/event-types.ts";
import { configOf } from "../config.ts";
import type { Env } from "../env.ts";
import { withRetries } from "../retry.ts";
import { directoryPartStub, gateStub } from "../stubs.ts";

export interface HookNotice {
  readonly session: string;
  readonly revision: number;
  readonly generation: number;
  readonly events: readonly EventType[];
}

const atOnce = 6;

/** When this returns, all know of it. The same again changes nothing. */
export async function announceHook(env: Env, notice: HookNotice): Promise<void> {
  const { directoryShards, accessGates } = configOf(env);
  const calls = [
    ...Array.from({ length: directoryShards }, (_, index) => async () => directoryPartStub(env, index).hook(notice)),
    ...Array.from({ length: accessGates }, (_, index) => async () => gateStub(env, index).hook(notice)),
  ];
  await pMap(calls, (call) => withRetries(call), { concurrency: atOnce });
}
