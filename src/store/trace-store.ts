// The SQL of a trace's object: what it is about, and its events, a row for each call that brought some.

import type { TraceEvent } from "../trace/event.ts";
import { type Migrations, migrate, schemaVersion } from "./migrations.ts";
import type { Sql } from "./sql.ts";

const migrations: Migrations = [
  [
    "CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)",
    "CREATE TABLE batch (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, missed INTEGER NOT NULL, json TEXT NOT NULL)",
  ],
];

export interface TraceState {
  readonly untilMs: number;
  readonly keptUntilMs: number;
  readonly ended?: "time" | "stopped" | "full";
}

export interface TraceTotals {
  readonly events: number;
  readonly missed: number;
  readonly bytes: number;
}

/** Numbered from 1. */
export interface NumberedEvent extends TraceEvent {
  readonly number: number;
}

export class TraceStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  state(): TraceState | undefined {
    if (schemaVersion(this.#sql) === 0) return undefined;
    const row = this.#sql.first("SELECT json FROM state");
    return row === undefined ? undefined : (JSON.parse(row["json"] as string) as TraceState);
  }

  putState(state: TraceState): void {
    migrate(this.#sql, migrations, schemaVersion(this.#sql));
    const statement = "INSERT INTO state (id, json) VALUES (1, ?) ON CONFLICT DO UPDATE SET json = excluded.json";
    this.#sql.run(statement, JSON.stringify(state));
  }

  totals(): TraceTotals {
    const row = this.#sql.first(
      `SELECT COALESCE(SUM(count), 0) AS events, COALESCE(SUM(missed), 0) AS missed, COALESCE(SUM(LENGTH(json)), 0) AS bytes
        FROM batch`,
    );
    return { events: row?.["events"] as number, missed: row?.["missed"] as number, bytes: row?.["bytes"] as number };
  }

  /** Behind those that there are; `first` is the number of the first of them. */
  add(first: number, events: readonly TraceEvent[], missed: number, json: string): void {
    const statement = "INSERT INTO batch (first, count, missed, json) VALUES (?, ?, ?, ?)";
    this.#sql.run(statement, first, events.length, missed, json);
  }

  /** So many behind a number. Whole batches are read, no more than hold a page. */
  eventsAfter(number: number, limit: number): NumberedEvent[] {
    const events: NumberedEvent[] = [];
    let from = this.#firstOfBatchWith(number + 1);
    while (events.length < limit) {
      const row = this.#sql.first("SELECT first, json FROM batch WHERE first >= ? ORDER BY first LIMIT 1", from);
      if (row === undefined) break;
      const first = row["first"] as number;
      const batch = JSON.parse(row["json"] as string) as TraceEvent[];
      for (const [index, event] of batch.entries()) {
        if (first + index > number && events.length < limit) events.push({ number: first + index, ...event });
      }
      from = first + 1;
    }
    return events;
  }

  #firstOfBatchWith(number: number): number {
    const row = this.#sql.first("SELECT MAX(first) AS first FROM batch WHERE first <= ?", number);
    return (row?.["first"] as number | null) ?? 0;
  }
}
