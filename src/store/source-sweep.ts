// Cursors of QoS 2 publishers, in the table `source` of sessions and shards alike. There is one for each publisher that
// was ever heard; what keeps the table bounded is that those not heard for long are forgotten now and then.

import type { Sql } from "./sql.ts";

/** A publisher that resends a QoS 2 message after longer than this is not recognised. */
export const sourceKeptMs = 30 * 86_400_000;
/** Writes of one life of an object before its first sweep, and between later ones: a sweep reads the whole table. */
const firstSweepAfter = 16;
const sweepEvery = 1_024;

/** Under which a caller's last call is in the same table; no publisher has such a name. */
export function callerName(source: string): string {
  return `@${source}`;
}

export class SourceSweep {
  #writes = 0;

  /** To be called after each write. */
  swept(sql: Sql, nowMs: number): void {
    this.#writes++;
    if (this.#writes !== firstSweepAfter && this.#writes % sweepEvery !== 0) return;
    sql.run("DELETE FROM source WHERE at_ms < ?", nowMs - sourceKeptMs);
  }
}
