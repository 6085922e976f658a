// How much one shard retains. A message to a new topic beyond the limits is delivered like any other, but not kept, unless
// messages whose time is over are found in its way; that is counted, and logged with its topic.

import { type RetainedHead, type RetainedHeads, RetainedSweep } from "./sweep.ts";

export interface RetainedTotals {
  readonly messages: number;
  readonly bytes: number;
}

export interface RetainedSizes extends RetainedHeads {
  retainedTotals(): RetainedTotals;
  /** Bytes kept for a topic's key; 0 if there are none. */
  retainedBytes(key: string): number;
}

export interface RetainLimits {
  readonly retainedMessagesMax: number;
  readonly retainedBytesMax: number;
}

export const defaultRetainLimits: RetainLimits = {
  retainedMessagesMax: 100_000,
  retainedBytesMax: 256 * 1024 * 1024,
};

export class RetainedQuota {
  readonly #sizes: RetainedSizes;
  readonly #limits: RetainLimits;
  readonly #nowMs: () => number;
  readonly #sweep: RetainedSweep;
  #totals: RetainedTotals | undefined;

  constructor(sizes: RetainedSizes, limits: RetainLimits, nowMs: () => number) {
    this.#sizes = sizes;
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#sweep = new RetainedSweep(sizes);
  }

  /** Of all that is kept: summed up once in an object's life. */
  get totals(): RetainedTotals {
    this.#totals ??= this.#sizes.retainedTotals();
    return this.#totals;
  }

  /**
   * Whether `bytes` may be kept for a topic until then (0: for ever); if so they count from now on. 0 bytes clear it, which is always
   * allowed.
   */
  take(key: string, bytes: number, expiresAtMs = 0): boolean {
    const { totals } = this;
    const before = this.#sizes.retainedBytes(key);
    const messages = totals.messages + (bytes > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    const total = totals.bytes + bytes - before;
    const grows = messages > totals.messages || total > totals.bytes;
    const exceeds = messages > this.#limits.retainedMessagesMax || total > this.#limits.retainedBytesMax;
    if (grows && exceeds) return false;
    this.#totals = { messages, bytes: total };
    this.#sweep.kept(expiresAtMs);
    return true;
  }

  /** To take what comes together, whose keys these are. */
  intake(keys: { has(key: string): boolean }): RetainedIntake {
    return new RetainedIntake(
      this,
      this.#sweep.search(this.#nowMs(), (key) => keys.has(key)),
    );
  }

  /** It is going to be deleted, and does not count any more. */
  free({ bytes }: RetainedHead): void {
    const { totals } = this;
    this.#totals = { messages: totals.messages - 1, bytes: totals.bytes - bytes };
  }
}

/** What comes together, and the room that is made for it. Its own keys are spared: their rows are replaced. */
export class RetainedIntake {
  readonly #quota: RetainedQuota;
  readonly #search: () => readonly RetainedHead[] | undefined;
  /** To be deleted, before what is taken is written. */
  readonly expired: string[] = [];

  constructor(quota: RetainedQuota, search: () => readonly RetainedHead[] | undefined) {
    this.#quota = quota;
    this.#search = search;
  }

  take(key: string, bytes: number, expiresAtMs: number): boolean {
    while (!this.#quota.take(key, bytes, expiresAtMs)) {
      const found = this.#search();
      if (found === undefined) return false;
      for (const one of found) {
        this.#quota.free(one);
        this.expired.push(one.key);
      }
    }
    return true;
  }
}
