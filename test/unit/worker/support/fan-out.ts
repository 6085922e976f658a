// A shard's way to its sessions, over namespaces of a test's own.

import type { OwedReads } from "../../../../src/shard/changes.ts";
import type { Env } from "../../../../worker/env.ts";
import { Semaphore } from "../../../../worker/semaphore.ts";
import { FanOut, type FanOutEvents } from "../../../../worker/shard/fan-out.ts";
import { Relays } from "../../../../worker/shard/relays.ts";
import { SessionCalls } from "../../../../worker/shard/session-call.ts";

interface Options {
  readonly env: Env;
  readonly reads: OwedReads;
  readonly shard?: number;
  readonly incarnation?: number;
  /** Calls under way at once. */
  readonly width?: number;
  readonly directMax?: number;
}

export function fanOutOver(options: Options, events: FanOutEvents): FanOut {
  const { env, reads, shard = 0, incarnation = 1, width = 4, directMax = 1_000 } = options;
  const semaphore = new Semaphore(width);
  const relays = new Relays(env, shard, semaphore);
  return new FanOut(
    { shard, incarnation, reads, semaphore, sessions: new SessionCalls(env), relays, directMax },
    events,
  );
}
