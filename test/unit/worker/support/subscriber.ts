// A session as its shard meets it: knows calls by their keys, has a queue that may be full, and takes its time. And a shard's
// fan-out with its alarm, over one or many of them.

import { Fence } from "../../../../src/hop/fence.ts";
import { countRecords, RecordReader } from "../../../../src/queue/record.ts";
import { type DeliveryAnswer, refusedThenOwed } from "../../../../src/session/deliver.ts";
import type { OwedReads } from "../../../../src/shard/changes.ts";
import type { Delivery } from "../../../../src/shard/plan.ts";
import type { ShardStore } from "../../../../src/store/shard-store.ts";
import type { DeliveryCall } from "../../../../worker/calls.ts";
import type { Env } from "../../../../worker/env.ts";
import type { FanOut } from "../../../../worker/shard/fan-out.ts";
import { memoryShard } from "../../../support/memory-shard.ts";
import { fanOutOver } from "./fan-out.ts";

export class Subscriber {
  readonly #fence = new Fence<DeliveryAnswer>(10);
  /** Topics, in the order in which they were taken. */
  readonly taken: string[] = [];
  readonly calls: DeliveryCall[] = [];
  /** Messages that fit into the queue, of those of QoS 1 and 2. */
  room = Number.POSITIVE_INFINITY;
  /** Of the next call; then as much as ever. */
  nextMs: number | undefined;
  eachMs = 0;

  async deliver(call: DeliveryCall): Promise<DeliveryAnswer | { readonly stale: number }> {
    this.calls.push(call);
    const answer = this.#take(call);
    const takesMs = this.nextMs ?? this.eachMs;
    this.nextMs = undefined;
    if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs));
    return answer;
  }

  #take({ key, parts }: DeliveryCall): DeliveryAnswer | { readonly stale: number } {
    const admission = this.#fence.admit(key);
    if (admission.kind === "stale") return { stale: admission.known };
    const before = admission.kind === "repeat" ? admission.answer : undefined;
    if (admission.kind === "repeat" && before === undefined) return answerTo(parts.map(() => []));
    const left = before === undefined ? parts : refusedThenOwed(parts, before);
    if (before !== undefined && left.length === 0) return before;
    if (left.some(({ owed }) => owed) && this.room <= 0) {
      if (before === undefined) this.#fence.forget(key);
      return { busy: true, parts: [] };
    }
    const answer = answerTo(left.map(({ body, owed }) => this.#takePart(body, owed)));
    this.#fence.settle(key, answer);
    return answer;
  }

  /** Records that are refused. */
  #takePart(body: Uint8Array, owed: boolean): number[] {
    const refused: number[] = [];
    const reader = new RecordReader(body);
    for (let index = 0; reader.next(); index++) {
      if (reader.qos > 0 && this.room <= 0 && !owed) refused.push(index);
      else if (reader.qos > 0 || !owed) {
        this.taken.push(reader.topic);
        if (reader.qos > 0) this.room--;
      }
    }
    return refused;
  }
}

function answerTo(refused: readonly (readonly number[])[]): DeliveryAnswer {
  return { busy: false, parts: refused.map((records) => ({ gone: false, refused: records })) };
}

export class OutboxRig {
  readonly store: ShardStore = memoryShard();
  readonly #subscriberOf: (target: string) => Pick<Subscriber, "deliver">;
  readonly #reads: OwedReads;
  fanOut!: FanOut;
  alarmAtMs = Number.POSITIVE_INFINITY;
  rowsWritten = 0;
  #lives = 0;

  constructor(
    subscriberOf: (target: string) => Pick<Subscriber, "deliver">,
    readsOf: (store: ShardStore) => OwedReads = (store) => store,
  ) {
    this.#subscriberOf = subscriberOf;
    this.#reads = readsOf(this.store);
    this.restart();
  }

  /** The shard loses its memory. */
  restart(): void {
    this.alarmAtMs = Number.POSITIVE_INFINITY;
    const env = {
      SESSION: {
        getByName: (name: string) => ({ deliver: (call: DeliveryCall) => this.#subscriberOf(name).deliver(call) }),
      },
    } as unknown as Env;
    this.fanOut = fanOutOver(
      { env, reads: this.#reads, incarnation: ++this.#lives, width: 64 },
      {
        persist: (changes) => {
          this.rowsWritten += changes.length;
          this.store.apply(changes);
        },
        gone: () => {},
        wakeAt: (atMs) => {
          this.alarmAtMs = Math.min(this.alarmAtMs, atMs);
        },
      },
    );
  }

  /** What its alarm does, if it is time. */
  ring(): Promise<void> | undefined {
    if (Date.now() < this.alarmAtMs) return undefined;
    this.alarmAtMs = Number.POSITIVE_INFINITY;
    return this.fanOut.deliverOwed();
  }

  owed(): { readonly calls: number; readonly bytes: number } {
    const targets = this.store.owedTargets();
    return {
      calls: targets.reduce((sum, { calls }) => sum + calls, 0),
      bytes: targets.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }
}

export function deliveryTo(session: string, body: Uint8Array): Delivery {
  const reader = new RecordReader(body);
  let guaranteed = false;
  while (reader.next()) if (reader.qos > 0) guaranteed = true;
  return { session, generation: 1, body, count: countRecords(body), indexes: undefined, guaranteed };
}
