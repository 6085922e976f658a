// How much one shard retains. A message to a new topic beyond the limits is delivered like any other, but not kept; that
// is counted, and logged with its topic.

export interface RetainedTotals {
  readonly messages: number;
  readonly bytes: number;
}

export interface RetainedSizes {
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
  #totals: RetainedTotals | undefined;

  constructor(sizes: RetainedSizes, limits: RetainLimits) {
    this.#sizes = sizes;
    this.#limits = limits;
  }

  /** Of all that is kept: summed up once in an object's life. */
  get totals(): RetainedTotals {
    this.#totals ??= this.#sizes.retainedTotals();
    return this.#totals;
  }

  /** Whether `bytes` may be kept for a topic; if so they count from now on. 0 bytes clear it, which is always allowed. */
  take(key: string, bytes: number): boolean {
    const { totals } = this;
    const before = this.#sizes.retainedBytes(key);
    const messages = totals.messages + (bytes > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
    const total = totals.bytes + bytes - before;
    const grows = messages > totals.messages || total > totals.bytes;
    const exceeds = messages > this.#limits.retainedMessagesMax || total > this.#limits.retainedBytesMax;
    if (grows && exceeds) return false;
    this.#totals = { messages, bytes: total };
    return true;
  }
}
