// How much one shard keeps for later. A message beyond the limits is refused, and its publisher told.

import type { DelayedReads, DelayedTotals } from "./changes.ts";

export interface DelayedLimits {
  readonly delayedMessagesMax: number;
  readonly delayedBytesMax: number;
}

export const defaultDelayedLimits: DelayedLimits = {
  delayedMessagesMax: 100_000,
  delayedBytesMax: 256 * 1024 * 1024,
};

export class DelayedQuota {
  readonly #reads: DelayedReads;
  readonly #limits: DelayedLimits;
  /** Summed up once in an object's life, at the first question. */
  #totals: DelayedTotals | undefined;

  constructor(reads: DelayedReads, limits: DelayedLimits) {
    this.#reads = reads;
    this.#limits = limits;
  }

  /** Whether so many more may be kept. */
  hasRoomFor(messages: number, bytes: number): boolean {
    const totals = this.#known();
    const { delayedMessagesMax, delayedBytesMax } = this.#limits;
    return totals.messages + messages <= delayedMessagesMax && totals.bytes + bytes <= delayedBytesMax;
  }

  /** So many more are kept, or fewer. Before anybody has asked there is no sum yet, and it will be one of what is there by then. */
  add(messages: number, bytes: number): void {
    const totals = this.#totals;
    if (totals === undefined) return;
    this.#totals = { messages: totals.messages + messages, bytes: totals.bytes + bytes };
  }

  #known(): DelayedTotals {
    this.#totals ??= this.#reads.totals();
    return this.#totals;
  }
}
