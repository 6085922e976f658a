// A relay: makes calls to sessions in the name of a topic shard that has more of them to make than one object can. It keeps
// nothing: a relay that is lost is a call to each of its sessions that was not answered, which its shard knows what to do about.

import { DurableObject } from "cloudflare:workers";
import type { Stale } from "../../src/hop/key.ts";
import type { DeliveryAnswer } from "../../src/session/deliver.ts";
import { Awake } from "../awake.ts";
import type { DeliveryCall } from "../calls.ts";
import { counters } from "../counters.ts";
import { Deadline } from "../deadline.ts";
import type { Env } from "../env.ts";
import { KeptStubs } from "../kept-stubs.ts";
import { Semaphore } from "../semaphore.ts";
import type { SessionObject } from "../session/object.ts";
import { sessionStub } from "../stubs.ts";

/** A delivery, and the name of the session it is for. */
export interface RelayedCall {
  readonly target: string;
  readonly call: DeliveryCall;
}

/** What the session answered; undefined if it did not in time. */
export type RelayedAnswer = DeliveryAnswer | Stale | undefined;

const concurrentCallsMax = 64;
/** Twice what one call of a shard carries. */
const stubsMax = 1_024;

export class RelayObject extends DurableObject<Env> {
  readonly #awake = new Awake(this.env.METRICS);
  readonly #stubs: KeptStubs<string, DurableObjectStub<SessionObject>>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counters.add("wakes");
    this.#stubs = new KeptStubs((target) => sessionStub(env, target), stubsMax);
  }

  /** An answer for each call, in their order. `deadlineMs` is what each session may take. */
  deliver(calls: readonly RelayedCall[], deadlineMs: number): Promise<readonly RelayedAnswer[]> {
    const semaphore = new Semaphore(concurrentCallsMax);
    const deadline = new Deadline(deadlineMs);
    return this.#awake.during(() =>
      Promise.all(
        calls.map(async ({ target, call }) => {
          await semaphore.acquire();
          counters.add("object_calls");
          const called = this.#stubs.callAgain(target, (session): Promise<RelayedAnswer> => session.deliver(call));
          const answer = await deadline.within(called.catch(() => undefined));
          if (answer === undefined) this.#stubs.drop(target);
          semaphore.release();
          return answer;
        }),
      ),
    );
  }
}
