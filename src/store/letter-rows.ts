// Dead letters in the database of a session with a sink. The table is made with the first sink, so that other sessions do not
// pay for it.

import type {
  DeadLetter,
  LetterChange,
  LetterReads,
  LetterTotals,
  SinkFailure,
  StoredLetter,
} from "../session/sink.ts";
import type { Sql, SqlRow } from "./sql.ts";

const table = `CREATE TABLE IF NOT EXISTS dead_letter (position INTEGER PRIMARY KEY, id TEXT NOT NULL, at_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL, count INTEGER NOT NULL, failure TEXT NOT NULL, again INTEGER NOT NULL, places TEXT NOT NULL,
  bytes INTEGER NOT NULL, body BLOB NOT NULL)`;

export class LetterRows implements LetterReads {
  readonly #sql: Sql;
  #isThere = false;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** Whether the session has a sink, which is known from its other rows. */
  found(isThere: boolean): void {
    this.#isThere = isThere;
  }

  make(): void {
    if (!this.#isThere) this.#sql.run(table);
    this.#isThere = true;
  }

  end(): void {
    if (this.#isThere) this.#sql.run("DELETE FROM dead_letter");
    this.#isThere = false;
  }

  toSend(): StoredLetter | undefined {
    if (!this.#isThere) return undefined;
    const row = this.#sql.first("SELECT * FROM dead_letter WHERE again = 1 ORDER BY position LIMIT 1");
    return row === undefined ? undefined : toStoredLetter(row);
  }

  at(position: number): StoredLetter | undefined {
    if (!this.#isThere) return undefined;
    const row = this.#sql.first("SELECT * FROM dead_letter WHERE position = ?", position);
    return row === undefined ? undefined : toStoredLetter(row);
  }

  after(position: number, limit: number): readonly DeadLetter[] {
    if (!this.#isThere) return [];
    const statement = `SELECT position, id, at_ms, attempts, count, failure, again FROM dead_letter WHERE position > ?
      ORDER BY position LIMIT ?`;
    return this.#sql.all(statement, position, limit).map(toLetter);
  }

  oldest(limit: number): readonly (Pick<DeadLetter, "position" | "id" | "count"> & { readonly bytes: number })[] {
    if (!this.#isThere) return [];
    const rows = this.#sql.all("SELECT position, id, count, bytes FROM dead_letter ORDER BY position LIMIT ?", limit);
    return rows.map((row) => ({
      position: row["position"] as number,
      id: row["id"] as string,
      count: row["count"] as number,
      bytes: row["bytes"] as number,
    }));
  }

  totals(): LetterTotals {
    if (!this.#isThere) return { count: 0, bytes: 0 };
    const row = this.#sql.first("SELECT COUNT(*) AS count, TOTAL(bytes) AS bytes FROM dead_letter");
    return { count: row?.["count"] as number, bytes: row?.["bytes"] as number };
  }

  change(change: LetterChange): void {
    switch (change.kind) {
      case "put-dead-letter":
        return this.#put(change.letter);
      case "keep-dead-letter": {
        const { position, attempts, failure } = change;
        const statement = "UPDATE dead_letter SET again = 0, attempts = ?, failure = ? WHERE position = ?";
        return this.#sql.run(statement, attempts, JSON.stringify(failure), position);
      }
      case "send-dead-letters": {
        const statement = "UPDATE dead_letter SET again = 1 WHERE again = 0 AND position = IFNULL(?, position)";
        return this.#sql.run(statement, change.position ?? null);
      }
      case "delete-dead-letters": {
        const statement = "DELETE FROM dead_letter WHERE position = IFNULL(?, position)";
        return this.#sql.run(statement, change.position ?? null);
      }
      default:
        change satisfies never;
    }
  }

  #put({ position, id, atMs, attempts, count, failure, isSentAgain, places, body }: StoredLetter): void {
    const statement = `INSERT OR REPLACE INTO dead_letter (position, id, at_ms, attempts, count, failure, again, places, bytes, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const text = [JSON.stringify(failure), +isSentAgain, JSON.stringify(places)] as const;
    this.#sql.run(statement, position, id, atMs, attempts, count, ...text, body.length, body);
  }
}

function toLetter(row: SqlRow): DeadLetter {
  return {
    position: row["position"] as number,
    id: row["id"] as string,
    atMs: row["at_ms"] as number,
    attempts: row["attempts"] as number,
    count: row["count"] as number,
    failure: JSON.parse(row["failure"] as string) as SinkFailure,
    isSentAgain: row["again"] === 1,
  };
}

function toStoredLetter(row: SqlRow): StoredLetter {
  const places = JSON.parse(row["places"] as string) as StoredLetter["places"];
  return { ...toLetter(row), places, body: row["body"] as Uint8Array };
}
