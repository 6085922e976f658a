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
  /** Summed up once in an object's life, at its first delayed message. */
  #totals: DelayedTotals | undefined;

  constructor(reads: DelayedReads, limits: DelayedLimits) {
    this.#reads = reads;
    this.#limits = limits;
  }

  /** Whether a message of so many bytes may be kept; if so it counts from now on. */
  take(bytes: number): boolean {
    this.#totals ??= this.#reads.totals();
    const messages = this.#totals.messages + 1;
    const total = this.#totals.bytes + bytes;
    if (messages > this.#limits.delayedMessagesMax || total > this.#limits.delayedBytesMax) return false;
    this.#totals = { messages, bytes: total };
    return true;
  }

  giveBack(messages: number, bytes: number): void {
    if (this.#totals === undefined) return;
    this.#totals = { messages: this.#totals.messages - messages, bytes: this.#totals.bytes - bytes };
  }
}
