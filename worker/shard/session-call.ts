// Delivery calls from a shard to its sessions, and how long each is waited for.

import { isStale } from "../../src/hop/key.ts";
import type { DeliveryAnswer } from "../../src/session/deliver.ts";
import type { DeliveryCall } from "../calls.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { KeptStubs } from "../kept-stubs.ts";
import type { SessionObject } from "../session/object.ts";
import { sessionStub } from "../stubs.ts";

/** A session that has not answered by then is not waited for. */
export const deadlineMs = 800;

/** Stubs take memory; a message to more sessions than this goes by way of relays, by default. */
const sessionStubsMax = 1_024;

export class SessionCalls {
  readonly #stubs: KeptStubs<string, DurableObjectStub<SessionObject>>;

  constructor(env: Env) {
    this.#stubs = new KeptStubs((target) => sessionStub(env, target), sessionStubsMax);
  }

  /**
   * `renew` gives a key above the life of this caller that the session knows, should it know a later one. `onRepeat`: the answer is to
   * a repeat, and the first may have been carried out by a life of the object that has ended since.
   */
  async deliver(
    target: string,
    call: DeliveryCall,
    renew: (known: number) => DeliveryCall["key"],
    onRepeat?: () => void,
  ): Promise<DeliveryAnswer> {
    const answer = await this.#deliver(target, call, onRepeat);
    if (!isStale(answer)) return answer;
    const again = await this.#deliver(target, { ...call, key: renew(answer.stale) }, onRepeat);
    if (isStale(again)) throw new Error("the session refuses the newest incarnation");
    return again;
  }

  /** It has not answered in time. */
  givenUp(target: string): void {
    this.#stubs.drop(target);
  }

  #deliver(target: string, call: DeliveryCall, onRepeat?: () => void) {
    counters.add("object_calls");
    return this.#stubs.callAgain(target, async (stub) => stub.deliver(call), onRepeat);
  }
}
