// Rows that are of no use after a time: cursors of QoS 2 publishers, in sessions and shards alike, and requests. There is one
// for each publisher or request that was ever heard; what keeps the tables bounded is that old ones are forgotten now and then.

import type { Sql } from "./sql.ts";

/** A publisher that resends a QoS 2 message after longer than this is not recognised. */
export const sourceKeptMs = 30 * 86_400_000;
/** Writes of one life of an object before its first sweep at most, and between later ones: a sweep reads the whole table. */
const firstSweepAfter = 16;
const sweepEvery = 1_024;

/** Under which a caller's last call is in the table of cursors; no publisher has such a name. */
export function callerName(source: string): string {
  return `@${source}`;
}

export function isCallerName(name: string): boolean {
  return name.startsWith("@");
}

export class Sweep {
  readonly #statement: string;
  readonly #keptMs: number;
  #writes = 0;

  /** `table` has a column `at_ms`. */
  constructor(table: "source" | "request", keptMs: number) {
    this.#statement = `DELETE FROM ${table} WHERE at_ms < ?`;
    this.#keptMs = keptMs;
  }

  /** To be called after each write. */
  swept(sql: Sql, nowMs: number): void {
    // Many objects sleep after each write. Where a life begins to count is as good as chance, so that one in so many sweeps at once.
    if (this.#writes === 0) this.#writes = nowMs % firstSweepAfter;
    this.#writes++;
    if (this.#writes !== firstSweepAfter && this.#writes % sweepEvery !== 0) return;
    sql.run(this.#statement, nowMs - this.#keptMs);
  }
}
