// Delayed messages in the database of a topic shard, in the order in which they fall due.

import type { DelayedChange, DelayedReads, DelayedRow, DelayedTotals, Release, RowKey } from "../shard/changes.ts";
import type { Sql, SqlRow } from "./sql.ts";

export const delayedTables: readonly string[] = [
  `CREATE TABLE delayed (due_at_ms INTEGER, id INTEGER, publisher TEXT NOT NULL, count INTEGER NOT NULL,
    body BLOB NOT NULL, PRIMARY KEY (due_at_ms, id)) WITHOUT ROWID`,
  `CREATE TABLE released (only INTEGER PRIMARY KEY CHECK (only = 1), due_at_ms INTEGER NOT NULL, id INTEGER NOT NULL,
    sequence INTEGER NOT NULL, count INTEGER NOT NULL)`,
];

const upTo = "(due_at_ms, id) <= (?, ?)";

export class DelayedRows implements DelayedReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  nextAtMs(): number | undefined {
    const row = this.#sql.first("SELECT due_at_ms FROM delayed ORDER BY due_at_ms, id LIMIT 1");
    return row?.["due_at_ms"] as number | undefined;
  }

  totals(): DelayedTotals {
    const row = this.#sql.first("SELECT TOTAL(count) AS messages, TOTAL(length(body)) AS bytes FROM delayed") as SqlRow;
    return { messages: row["messages"] as number, bytes: row["bytes"] as number };
  }

  rows({ dueAtMs, id }: RowKey, countMax: number, bytesMax: number): readonly DelayedRow[] {
    const sizes = `SELECT length(body) AS bytes FROM delayed WHERE ${upTo} ORDER BY due_at_ms, id LIMIT ?`;
    let count = 0;
    let bytes = 0;
    for (const row of this.#sql.all(sizes, dueAtMs, id, countMax)) {
      bytes += row["bytes"] as number;
      if (count > 0 && bytes > bytesMax) break;
      count++;
    }
    const whole = `SELECT * FROM delayed WHERE ${upTo} ORDER BY due_at_ms, id LIMIT ?`;
    return this.#sql.all(whole, dueAtMs, id, count).map((row) => ({
      dueAtMs: row["due_at_ms"] as number,
      id: row["id"] as number,
      publisher: row["publisher"] as string,
      count: row["count"] as number,
      body: row["body"] as Uint8Array,
    }));
  }

  release(): Release | undefined {
    const row = this.#sql.first("SELECT * FROM released");
    if (row === undefined) return undefined;
    return {
      dueAtMs: row["due_at_ms"] as number,
      id: row["id"] as number,
      sequence: row["sequence"] as number,
      count: row["count"] as number,
    };
  }

  change(change: DelayedChange): void {
    const sql = this.#sql;
    switch (change.kind) {
      case "put-delayed": {
        const { dueAtMs, publisher, count, body } = change.row;
        const statement = `INSERT INTO delayed (due_at_ms, id, publisher, count, body)
          SELECT ?, COALESCE(MAX(id), 0) + 1, ?, ?, ? FROM delayed WHERE due_at_ms = ?`;
        return sql.run(statement, dueAtMs, publisher, count, body, dueAtMs);
      }
      case "put-release": {
        const { dueAtMs, id, sequence, count } = change.release;
        const statement = `INSERT INTO released (only, due_at_ms, id, sequence, count)
          VALUES (1, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET due_at_ms = excluded.due_at_ms, id = excluded.id, sequence = excluded.sequence, count = excluded.count`;
        return sql.run(statement, dueAtMs, id, sequence, count);
      }
      case "delete-delayed":
        return sql.run(`DELETE FROM delayed WHERE ${upTo}`, change.upTo.dueAtMs, change.upTo.id);
      default:
        change satisfies never;
    }
  }
}
