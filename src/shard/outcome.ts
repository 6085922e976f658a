// What became of each message of a batch, for a publisher who asks: clients do not, so nothing is counted for them.

import type { Delivery, Plan } from "./plan.ts";

export type RefusalReason = "queue-full" | "delayed-full" | "group-full";

export interface Outcome {
  /** Sessions that took it over or are owed it, and groups that it is kept for. */
  readonly reached: number;
  /** Absent if it was taken. */
  readonly refused?: RefusalReason;
  /** It was to be retained, and there is no room for it. */
  readonly unretained?: true;
}

/** What a session says to a delivery. */
interface Heard {
  readonly gone: boolean;
  readonly refused: readonly number[];
}

export class Tally {
  readonly #reached: number[];
  readonly #refused = new Map<number, RefusalReason>();
  readonly #unretained: ReadonlySet<number>;

  constructor({ deliveries, shared, unretainedIndexes }: Plan, count: number) {
    this.#reached = new Array<number>(count).fill(0);
    this.#unretained = new Set(unretainedIndexes);
    for (const delivery of deliveries) {
      for (let record = 0; record < delivery.count; record++) this.#add(indexOf(delivery, record), 1);
    }
    for (const { indexes } of shared) for (const index of indexes) this.#add(index, 1);
  }

  /** A session does not exist any more, or had no room. */
  heard(delivery: Delivery, { gone, refused }: Heard): void {
    if (gone) for (let record = 0; record < delivery.count; record++) this.#add(indexOf(delivery, record), -1);
    else for (const record of refused) this.#add(indexOf(delivery, record), -1);
  }

  /** Those that are refused by now; of each the first reason counts. */
  refuse(refused: ReadonlySet<number>, reason: RefusalReason): void {
    for (const index of refused) if (!this.#refused.has(index)) this.#refused.set(index, reason);
  }

  outcomes(): Outcome[] {
    return this.#reached.map((reached, index) => {
      const refused = this.#refused.get(index);
      return {
        reached,
        ...(refused === undefined ? {} : { refused }),
        ...(this.#unretained.has(index) ? { unretained: true as const } : {}),
      };
    });
  }

  #add(index: number, count: number): void {
    this.#reached[index] = (this.#reached[index] ?? 0) + count;
  }
}

function indexOf({ indexes }: Delivery, record: number): number {
  return indexes?.[record] ?? record;
}
