// Events that wait for the webhooks that want them, in the database of whoever they happen to; and which webhooks those are.

import type { EventType } from "../directory/event-types.ts";
import type { BrokerEvent } from "../directory/events.ts";
import type { Sql, SqlRow } from "./sql.ts";

export const eventTables: readonly string[] = [
  `CREATE TABLE hook (session TEXT PRIMARY KEY, revision INTEGER NOT NULL, generation INTEGER NOT NULL, events TEXT NOT NULL,
    sent INTEGER NOT NULL) WITHOUT ROWID`,
  "CREATE TABLE event (id INTEGER PRIMARY KEY, type TEXT NOT NULL, json TEXT NOT NULL)",
];

export interface Hook {
  /** The name of its session's object. */
  readonly session: string;
  /** Of the change that made it so. */
  readonly revision: number;
  readonly generation: number;
  readonly events: readonly EventType[];
  /** The last event that it has. */
  readonly sent: number;
}

export interface KeptEvent {
  readonly id: number;
  readonly type: EventType;
  /** What of the event is not its type. */
  readonly json: string;
}

export class EventRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  hooks(): Hook[] {
    return this.#sql.all("SELECT * FROM hook").map(toHook);
  }

  /** One that wants no events is none. */
  putHook({ session, revision, generation, events, sent }: Hook): void {
    if (events.length === 0) return this.#sql.run("DELETE FROM hook WHERE session = ?", session);
    const statement =
      "INSERT OR REPLACE INTO hook (session, revision, generation, events, sent) VALUES (?, ?, ?, ?, ?)";
    this.#sql.run(statement, session, revision, generation, JSON.stringify(events), sent);
  }

  /** The highest that an event ever had, as far as it matters. */
  lastId(): number {
    const row = this.#sql.first(
      "SELECT MAX((SELECT IFNULL(MAX(id), 0) FROM event), (SELECT IFNULL(MAX(sent), 0) FROM hook)) AS id",
    );
    return row?.["id"] as number;
  }

  add(id: number, { type, ...rest }: BrokerEvent): void {
    this.#sql.run("INSERT INTO event (id, type, json) VALUES (?, ?, ?)", id, type, JSON.stringify(rest));
  }

  after(id: number, limit: number): KeptEvent[] {
    const rows = this.#sql.all("SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?", id, limit);
    return rows.map((row) => ({
      id: row["id"] as number,
      type: row["type"] as EventType,
      json: row["json"] as string,
    }));
  }

  hasAny(): boolean {
    return this.#sql.first("SELECT 1 FROM event LIMIT 1") !== undefined;
  }

  deleteUpTo(id: number): void {
    this.#sql.run("DELETE FROM event WHERE id <= ?", id);
  }
}

function toHook(row: SqlRow): Hook {
  return {
    session: row["session"] as string,
    revision: row["revision"] as number,
    generation: row["generation"] as number,
    events: JSON.parse(row["events"] as string) as EventType[],
    sent: row["sent"] as number,
  };
}
