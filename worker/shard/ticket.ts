// What the publisher of a batch waits for: its deliveries, counted down as sessions take them over, are durably owed them, or
// refuse some of it.

import type { Delivery } from "../../src/shard/plan.ts";

export class Ticket {
  /** A publisher waits to hear of it; otherwise what a queue refuses is owed to it. */
  readonly isRefusable: boolean;
  /** Settles with the last delivery. */
  readonly settled: Promise<void>;
  readonly #settle: () => void;
  #left: number;
  readonly #refused = new Set<number>();
  /** Undefined as long as there is none. */
  #refusedBy: Set<string> | undefined;

  constructor(deliveries: number, isRefusable: boolean) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#left = deliveries;
    this.isRefusable = isRefusable;
    this.settled = promise;
    this.#settle = resolve;
  }

  /** Rising indexes in the batch. */
  get refused(): number[] {
    return [...this.#refused].sort((left, right) => left - right);
  }

  get isRefusedInPart(): boolean {
    return this.#refusedBy !== undefined;
  }

  /** Whether a session has refused some of it. */
  wasRefusedBy(session: string): boolean {
    return this.#refusedBy?.has(session) === true;
  }

  /** Records of a delivery, by their indexes in it. */
  refuse({ session, indexes }: Delivery, records: readonly number[]): void {
    this.#refusedBy ??= new Set();
    this.#refusedBy.add(session);
    for (const record of records) this.#refused.add(indexes?.[record] ?? record);
  }

  /** One delivery is settled. */
  countDown(): void {
    if (--this.#left === 0) this.#settle();
  }
}
