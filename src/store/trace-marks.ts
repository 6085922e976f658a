// The traces that a topic shard takes part in: a row for each, until it is over.

import type { TopicMark } from "../trace/topics.ts";
import type { Sql } from "./sql.ts";

export const traceMarkTables: readonly string[] = [
  "CREATE TABLE trace (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
];

export class TraceMarks {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  all(): TopicMark[] {
    return this.#sql.all("SELECT json FROM trace").map(({ json }) => JSON.parse(json as string) as TopicMark);
  }

  put(mark: TopicMark): void {
    const statement = "INSERT INTO trace (id, json) VALUES (?, ?) ON CONFLICT DO UPDATE SET json = excluded.json";
    this.#sql.run(statement, mark.id, JSON.stringify(mark));
  }

  delete(id: string): void {
    this.#sql.run("DELETE FROM trace WHERE id = ?", id);
  }
}
