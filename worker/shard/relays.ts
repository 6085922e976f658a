// Deliveries to more sessions than a shard calls itself: hundreds of them leave in one call to a relay. See decision 33.

import { before } from "../before.ts";
import type { DeliveryCall } from "../calls.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { KeptStubs } from "../kept-stubs.ts";
import type { RelayedAnswer, RelayedCall, RelayObject } from "../relay/object.ts";
import type { Semaphore } from "../semaphore.ts";
import { relayStub } from "../stubs.ts";
import { deadlineMs } from "./session-call.ts";

/** What one call to a relay carries: sessions, and bytes of what they get, which is mostly the same for all and counts once. */
const callsMax = 512;
const bytesMax = 8 * 1024 * 1024;
/** As many as are called at once, as a rule. */
const stubsMax = 64;
/** A relay that has not answered by then is not waited for: its sessions have 800 ms each, 64 at a time: 6.4 s if all hang. */
const relayDeadlineMs = 8_000;

interface Waiting extends RelayedCall {
  readonly answered: (answer: RelayedAnswer) => void;
}

export class Relays {
  readonly #shard: number;
  readonly #semaphore: Semaphore;
  readonly #stubs: KeptStubs<number, DurableObjectStub<RelayObject>>;
  readonly #inUse = new Set<number>();
  #waiting: Waiting[] = [];
  #bytes = 0;
  #lastBody: Uint8Array | undefined;

  /** `semaphore` counts a call to a relay as one. */
  constructor(env: Env, shard: number, semaphore: Semaphore) {
    this.#shard = shard;
    this.#semaphore = semaphore;
    this.#stubs = new KeptStubs((index) => relayStub(env, shard, index), stubsMax);
  }

  /** What the session answers, by way of a relay; undefined if there was no answer in time. */
  deliver(target: string, call: DeliveryCall): Promise<RelayedAnswer> {
    const { promise, resolve } = Promise.withResolvers<RelayedAnswer>();
    const bytes = this.#newBytesOf(call);
    if (this.#waiting.length > 0 && this.#bytes + bytes > bytesMax) this.#leave();
    // Those who are pushed in the same turn leave together.
    if (this.#waiting.length === 0) void Promise.resolve().then(() => this.#leave());
    this.#waiting.push({ target, call, answered: resolve });
    this.#bytes += bytes;
    if (this.#waiting.length === callsMax) this.#leave();
    return promise;
  }

  #newBytesOf({ parts }: DeliveryCall): number {
    let bytes = 0;
    for (const { body } of parts) {
      if (body !== this.#lastBody) bytes += body.length;
      this.#lastBody = body;
    }
    return bytes;
  }

  #leave(): void {
    const calls = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    this.#lastBody = undefined;
    if (calls.length > 0) void this.#relay(calls);
  }

  /** Whoever pushed the calls waits for their answers. */
  async #relay(calls: readonly Waiting[]): Promise<void> {
    await this.#semaphore.acquire();
    const index = this.#firstFree();
    this.#inUse.add(index);
    const answers = await before(relayDeadlineMs, this.#call(index, calls));
    if (answers === undefined) this.#stubs.drop(index);
    this.#inUse.delete(index);
    this.#semaphore.release();
    for (const [position, { answered }] of calls.entries()) answered(answers?.[position]);
  }

  async #call(index: number, calls: readonly Waiting[]): Promise<readonly RelayedAnswer[] | undefined> {
    counters.add("object_calls");
    try {
      const relayed = calls.map(({ target, call }) => ({ target, call }));
      return await this.#stubs.callAgain(index, (relay) => relay.deliver(relayed, deadlineMs));
    } catch (error) {
      console.error(
        JSON.stringify({ event: "relay-unreachable", relay: index, shard: this.#shard, error: `${error}` }),
      );
      return undefined;
    }
  }

  /** The same few relays are called again and again: they are awake. */
  #firstFree(): number {
    let index = 0;
    while (this.#inUse.has(index)) index++;
    return index;
  }
}
