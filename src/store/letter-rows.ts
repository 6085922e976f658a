// Dead letters in the database of a session with a sink.

import type { DeadLetter, LetterChange, LetterReads, LetterTotals, StoredLetter } from "../session/dead-letters.ts";
import type { SinkFailure } from "../session/parcel.ts";
import type { RareTable } from "./rare-table.ts";
import type { SqlRow } from "./sql.ts";

export const letterColumns = `(position INTEGER PRIMARY KEY, id TEXT NOT NULL, at_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL, count INTEGER NOT NULL, failure TEXT NOT NULL, again INTEGER NOT NULL, places TEXT NOT NULL,
  bytes INTEGER NOT NULL, body BLOB NOT NULL)`;

export class LetterRows implements LetterReads {
  readonly #table: RareTable;

  constructor(table: RareTable) {
    this.#table = table;
  }

  end(): void {
    this.#table.change("DELETE FROM dead_letter");
  }

  toSend(): StoredLetter | undefined {
    const row = this.#table.first("SELECT * FROM dead_letter WHERE again = 1 ORDER BY position LIMIT 1");
    return row === undefined ? undefined : toStoredLetter(row);
  }

  at(position: number): StoredLetter | undefined {
    const row = this.#table.first("SELECT * FROM dead_letter WHERE position = ?", position);
    return row === undefined ? undefined : toStoredLetter(row);
  }

  after(position: number, limit: number): readonly DeadLetter[] {
    const statement = `SELECT position, id, at_ms, attempts, count, failure, again FROM dead_letter WHERE position > ?
      ORDER BY position LIMIT ?`;
    return this.#table.all(statement, position, limit).map(toLetter);
  }

  oldest(limit: number): readonly (Pick<DeadLetter, "position" | "id" | "count"> & { readonly bytes: number })[] {
    const rows = this.#table.all("SELECT position, id, count, bytes FROM dead_letter ORDER BY position LIMIT ?", limit);
    return rows.map((row) => ({
      position: row["position"] as number,
      id: row["id"] as string,
      count: row["count"] as number,
      bytes: row["bytes"] as number,
    }));
  }

  totals(): LetterTotals {
    if (!this.#table.isThere) return { count: 0, bytes: 0 };
    const row = this.#table.first("SELECT COUNT(*) AS count, TOTAL(bytes) AS bytes FROM dead_letter");
    return { count: row?.["count"] as number, bytes: row?.["bytes"] as number };
  }

  change(change: LetterChange): void {
    switch (change.kind) {
      case "put-dead-letter":
        return this.#put(change.letter);
      case "keep-dead-letter": {
        const { position, attempts, failure } = change;
        const statement = "UPDATE dead_letter SET again = 0, attempts = ?, failure = ? WHERE position = ?";
        return this.#table.change(statement, attempts, JSON.stringify(failure), position);
      }
      case "send-dead-letters": {
        const statement = "UPDATE dead_letter SET again = 1 WHERE again = 0 AND position = IFNULL(?, position)";
        return this.#table.change(statement, change.position ?? null);
      }
      case "delete-dead-letters": {
        const statement = "DELETE FROM dead_letter WHERE position = IFNULL(?, position)";
        return this.#table.change(statement, change.position ?? null);
      }
      default:
        change satisfies never;
    }
  }

  #put({ position, id, atMs, attempts, count, failure, isSentAgain, places, body }: StoredLetter): void {
    const statement = `INSERT OR REPLACE INTO dead_letter (position, id, at_ms, attempts, count, failure, again, places, bytes, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const text = [JSON.stringify(failure), +isSentAgain, JSON.stringify(places)] as const;
    this.#table.put(statement, position, id, atMs, attempts, count, ...text, body.length, body);
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
