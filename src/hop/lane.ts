// The sending end of a hop: one call in flight, what comes meanwhile waits and leaves together. That keeps order
// without trusting the transport, and makes batches grow under load by themselves.

import type { CallKey, Numbering } from "./key.ts";

export interface Flight<Item> {
  readonly key: CallKey;
  readonly items: readonly Item[];
}

/** How many of the waiting items, from the first on, may leave in one call: at least 1. */
export type Packing<Item> = (waiting: readonly Item[]) => number;

export class Lane<Item> {
  readonly #numbering: Numbering;
  readonly #pack: Packing<Item>;
  #waiting: Item[] = [];
  #flight: Flight<Item> | undefined;
  #isInDoubt: boolean;

  constructor(numbering: Numbering, pack: Packing<Item>, isInDoubt = false) {
    this.#numbering = numbering;
    this.#pack = pack;
    this.#isInDoubt = isInDoubt;
  }

  /** An attempt may still be under way that nobody waits for: the next call says that its time is over. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  get idle(): boolean {
    return this.#flight === undefined && this.#waiting.length === 0;
  }

  get flight(): Flight<Item> | undefined {
    return this.#flight;
  }

  push(item: Item): void {
    this.#waiting.push(item);
  }

  /** Begins the next call; undefined while one is in flight or nothing waits. */
  start(): Flight<Item> | undefined {
    if (this.#flight !== undefined || this.#waiting.length === 0) return undefined;
    const items = this.#waiting.splice(0, this.#pack(this.#waiting));
    this.#flight = { key: this.#numbering.next(this.#isInDoubt), items };
    this.#isInDoubt = false;
    return this.#flight;
  }

  /** The call in flight was not answered: it may run yet. */
  doubt(): void {
    this.#isInDoubt = true;
  }

  /** The receiver has seen a later incarnation: the call in flight goes again under a key above it. */
  renew(known: number): Flight<Item> {
    if (this.#flight === undefined) throw new Error("no call is in flight");
    this.#numbering.renew(known);
    this.#flight = { key: this.#numbering.next(this.#flight.key.endsEarlier), items: this.#flight.items };
    return this.#flight;
  }

  /** The call in flight was answered, or given up. */
  finish(): void {
    if (this.#flight === undefined) throw new Error("no call is in flight");
    this.#flight = undefined;
  }

  /** Takes what waits, the flight excluded: everything, or what is asked for. */
  drain(isWanted: (item: Item) => boolean = () => true): Item[] {
    const items = this.#waiting.filter(isWanted);
    this.#waiting = this.#waiting.filter((item) => !isWanted(item));
    return items;
  }
}

/** Packs as many items as fit into `bytesMax`, the first always. */
export function packByBytes<Item>(bytesOf: (item: Item) => number, bytesMax: number): Packing<Item> {
  return (waiting) => {
    let count = 0;
    let bytes = 0;
    for (const item of waiting) {
      bytes += bytesOf(item);
      if (count > 0 && bytes > bytesMax) break;
      count++;
    }
    return count;
  };
}
