// Requests that may come again, in the database of a topic shard.

import { requestKeptMs } from "../hop/request-numbers.ts";
import type { RequestChange } from "../shard/changes.ts";
import type { RequestReads, StoredRequest } from "../shard/requests.ts";
import type { Sql } from "./sql.ts";
import { Sweep } from "./sweep.ts";

export const requestTables: readonly string[] = [
  `CREATE TABLE request (id TEXT PRIMARY KEY, next_sequence INTEGER NOT NULL, outcomes TEXT NOT NULL,
    at_ms INTEGER NOT NULL) WITHOUT ROWID`,
];

export class RequestRows implements RequestReads {
  readonly #sql: Sql;
  readonly #sweep = new Sweep("request", requestKeptMs);

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  request(id: string): StoredRequest | undefined {
    const row = this.#sql.first("SELECT next_sequence, outcomes FROM request WHERE id = ?", id);
    if (row === undefined) return undefined;
    return { nextSequence: row["next_sequence"] as number, outcomes: JSON.parse(row["outcomes"] as string) };
  }

  change({ id, request, atMs }: RequestChange): void {
    const statement = `INSERT INTO request (id, next_sequence, outcomes, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      next_sequence = excluded.next_sequence, outcomes = excluded.outcomes, at_ms = excluded.at_ms`;
    this.#sql.run(statement, id, request.nextSequence, JSON.stringify(request.outcomes), atMs);
    this.#sweep.swept(this.#sql, atMs);
  }
}
