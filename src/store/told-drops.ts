// How many of the messages that a session gave up webhooks were told of, of each reason that they were told of at all. One row of
// its table `state`, for a session that outlives its connection. Like the counts that it is about it goes with the database, and
// not with the session: one that a clean start makes counts on.

import type { Sql } from "./sql.ts";

export class ToldDrops {
  readonly #sql: Sql;
  readonly #key: number;

  constructor(sql: Sql, key: number) {
    this.#sql = sql;
    this.#key = key;
  }

  read(): ReadonlyMap<string, number> {
    const row = this.#sql.first("SELECT json FROM state WHERE key = ?", this.#key);
    return new Map(
      row === undefined ? [] : Object.entries(JSON.parse(row["json"] as string) as Record<string, number>),
    );
  }

  write(told: ReadonlyMap<string, number>): void {
    const statement = "INSERT INTO state (key, json) VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json";
    this.#sql.run(statement, this.#key, JSON.stringify(Object.fromEntries(told)));
  }
}
