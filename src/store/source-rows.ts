// How far a session has taken what each publisher numbered, from each shard; and which calls are over, in the same table, which
// forgets what was not heard of for long.

import type { LastCall } from "../hop/fence.ts";
import { type GenerationCursor, rowOf, rowsToPut } from "../hop/generations.ts";
import type { CallKey } from "../hop/key.ts";
import type { SourceCursor } from "../session/changes.ts";
import type { RareTable } from "./rare-table.ts";
import type { Sql } from "./sql.ts";
import { callerName, Sweep, sourceKeptMs } from "./sweep.ts";

/** Calls come from shards and others. */
const noShard = -1;

export class SourceRows {
  readonly #sql: Sql;
  readonly #table: RareTable;
  readonly #sweep = new Sweep("source", sourceKeptMs);

  constructor(sql: Sql, table: RareTable) {
    this.#sql = sql;
    this.#table = table;
  }

  sequence(publisher: string, generation: number, shard: number): number {
    const cursor = this.#row(rowOf(publisher, generation, this.#row(publisher, shard)), shard);
    return cursor?.generation === generation ? cursor.sequence : 0;
  }

  lastCall(source: string): LastCall | undefined {
    const last = this.#row(callerName(source), noShard);
    return last === undefined ? undefined : { incarnation: last.generation, sequence: last.sequence };
  }

  advance({ publisher, shard, publisherGeneration: generation, sequence, atMs }: SourceCursor): void {
    const { rows, forgotten } = rowsToPut(publisher, { generation, sequence, atMs }, this.#row(publisher, shard));
    if (forgotten !== undefined) {
      const { prefix, beforeMs } = forgotten;
      const statement = "DELETE FROM source WHERE publisher >= ? AND publisher < ? AND shard = ? AND at_ms < ?";
      this.#table.change(statement, prefix, `${prefix}\u{10ffff}`, shard, beforeMs);
    }
    for (const { name, cursor } of rows) this.#put(name, shard, cursor);
  }

  endEarlierCalls({ source, incarnation, sequence }: CallKey, atMs: number): void {
    this.#put(callerName(source), noShard, { generation: incarnation, sequence: sequence - 1, atMs });
  }

  #row(publisher: string, shard: number): GenerationCursor | undefined {
    const statement = "SELECT generation, sequence, at_ms FROM source WHERE publisher = ? AND shard = ?";
    const row = this.#table.first(statement, publisher, shard);
    if (row === undefined) return undefined;
    const { generation, sequence, at_ms: atMs } = row as { generation: number; sequence: number; at_ms: number };
    return { generation, sequence, atMs };
  }

  #put(publisher: string, shard: number, { generation, sequence, atMs }: GenerationCursor): void {
    const statement = `INSERT INTO source (publisher, shard, generation, sequence, at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      generation = excluded.generation, sequence = excluded.sequence, at_ms = excluded.at_ms`;
    this.#table.put(statement, publisher, shard, generation, sequence, atMs);
    this.#sweep.swept(this.#sql, atMs);
  }
}
