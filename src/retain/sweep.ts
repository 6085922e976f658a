// Retained messages whose time is over lie where they were until somebody pages over their topic, and count. When their room is wanted
// they are looked for, a bounded number of rows at a time, from where the last search ended: no index names them, since that would be a
// row more with each retained message that expires.
//
// 1. What one batch of messages is refused room for looks at so many rows at most, and only until there is room.
// 2. Behind the last row the search goes on with the first, and no further than to where this batch began.
// 3. A round that has passed all rows knows when the next of them expires: until then nobody looks.

import { expiryIn, recordHeadBytes } from "../queue/record.ts";
import { compareKeys } from "../topic/key.ts";

export interface RetainedHead {
  readonly key: string;
  /** Of its record. */
  readonly bytes: number;
  /** How its record begins. */
  readonly head: Uint8Array;
}

export interface HeadQuery {
  /** This key. */
  readonly after: string;
  readonly countMax: number;
  /** Of records, but for the first. */
  readonly bytesMax: number;
  /** Of each. */
  readonly headBytes: number;
}

export interface RetainedHeads {
  /** In the order of keys. */
  retainedHeads(query: HeadQuery): readonly RetainedHead[];
}

/** Rows that one look reads, and the bytes of their records. */
const look = { countMax: 1_024, bytesMax: 4 * 1024 * 1024, headBytes: recordHeadBytes };
/** Looks for one batch. */
const looksMax = 4;

export class RetainedSweep {
  readonly #heads: RetainedHeads;
  #after = "";
  /** Of what this round has passed and of what was kept meanwhile: when the first expires. */
  #firstMs = Number.POSITIVE_INFINITY;
  /** Before this nothing expires. */
  #quietUntilMs = 0;

  constructor(heads: RetainedHeads) {
    this.#heads = heads;
  }

  /** A message that is kept expires then; 0: never. */
  kept(expiresAtMs: number): void {
    if (expiresAtMs === 0) return;
    this.#firstMs = Math.min(this.#firstMs, expiresAtMs);
    this.#quietUntilMs = Math.min(this.#quietUntilMs, expiresAtMs);
  }

  /** For one batch: each call looks at the next rows, and finds those that have expired; undefined: no more are to be found now. */
  search(nowMs: number, isSpared: (key: string) => boolean): () => readonly RetainedHead[] | undefined {
    const start = this.#after;
    let looks = 0;
    let isAround = false;
    const isOver = ({ key, head }: RetainedHead) => {
      const expiresAtMs = expiryIn(head);
      return expiresAtMs > 0 && expiresAtMs <= nowMs && !isSpared(key);
    };
    return () => {
      if (nowMs < this.#quietUntilMs || looks === looksMax) return undefined;
      looks++;
      const next = this.#heads.retainedHeads({ after: this.#after, ...look });
      // What was found on this way round still lies there, until the batch is written.
      const rows = isAround ? next.filter(({ key }) => compareKeys(key, start) <= 0) : next;
      const last = rows.at(-1);
      if (last !== undefined) {
        this.#after = last.key;
        for (const row of rows) if (!isOver(row)) this.kept(expiryIn(row.head));
        return rows.filter(isOver);
      }
      if (isAround || start === "") looks = looksMax;
      if (next.length === 0) this.#endRound();
      isAround = true;
      return [];
    };
  }

  #endRound(): void {
    this.#after = "";
    this.#quietUntilMs = this.#firstMs;
    this.#firstMs = Number.POSITIVE_INFINITY;
  }
}
