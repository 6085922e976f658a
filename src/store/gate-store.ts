// The SQL of a gate: what changed in the control database, failed logins, why clients were refused, and connections that end in
// their session object.

import type { Attempts } from "../auth/lockout.ts";
import { EventRows, eventTables } from "./event-rows.ts";
import { type Migrations, migrate, schemaVersion } from "./migrations.ts";
import type { Sql } from "./sql.ts";

const migrations: Migrations = [
  [
    "CREATE TABLE change (subject TEXT PRIMARY KEY, revision INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID",
    `CREATE TABLE failure (subject TEXT PRIMARY KEY, count INTEGER NOT NULL, since_ms INTEGER NOT NULL,
      until_ms INTEGER NOT NULL) WITHOUT ROWID`,
    "CREATE TABLE refusal (id INTEGER PRIMARY KEY, client TEXT NOT NULL, json TEXT NOT NULL)",
    "CREATE INDEX refusal_by_client ON refusal (client)",
  ],
  ["CREATE TABLE direct (pass TEXT PRIMARY KEY, client TEXT NOT NULL, subjects TEXT NOT NULL) WITHOUT ROWID"],
  // Events for webhooks.
  eventTables,
];

/** Beyond, the oldest go: who cached anything before has read it anew by then. */
const changesMax = 10_000;
/** A table of failed logins larger than this is swept of those that are over. */
const failuresMax = 10_000;
/** Of all clients of a gate. */
const refusalsMax = 10_000;

/** A connection that ends in its session object. */
export interface DirectEntry {
  /** Names the connection: its client's next one has another. */
  readonly pass: string;
  readonly clientId: string;
  /** Changes of which concern it. */
  readonly subjects: readonly string[];
}

export class GateStore {
  readonly #sql: Sql;
  readonly events: EventRows;

  constructor(sql: Sql) {
    this.#sql = sql;
    migrate(sql, migrations, schemaVersion(sql));
    this.events = new EventRows(sql);
  }

  noteChanges(subjects: readonly string[], revision: number, nowMs: number): void {
    const statement = `INSERT INTO change (subject, revision, at_ms) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET revision = MAX(revision, excluded.revision), at_ms = excluded.at_ms`;
    this.#sql.transaction(() => {
      for (const subject of subjects) this.#sql.run(statement, subject, revision, nowMs);
      const count = this.#sql.first("SELECT COUNT(*) AS count FROM change")?.["count"] as number;
      if (count <= changesMax) return;
      const oldest = "SELECT subject FROM change ORDER BY at_ms LIMIT ?";
      this.#sql.run(`DELETE FROM change WHERE subject IN (${oldest})`, count - changesMax / 2);
    });
  }

  /** The newest change that concerns any of them; 0 if none does. */
  revisionOf(subjects: readonly string[]): number {
    let newest = 0;
    for (const subject of subjects) {
      const row = this.#sql.first("SELECT revision FROM change WHERE subject = ?", subject);
      newest = Math.max(newest, (row?.["revision"] as number | undefined) ?? 0);
    }
    return newest;
  }

  failures(subject: string): Attempts {
    const row = this.#sql.first("SELECT count, since_ms, until_ms FROM failure WHERE subject = ?", subject);
    if (row === undefined) return { count: 0, sinceMs: 0, untilMs: 0 };
    return {
      count: row["count"] as number,
      sinceMs: row["since_ms"] as number,
      untilMs: row["until_ms"] as number,
    };
  }

  putFailures(subject: string, { count, sinceMs, untilMs }: Attempts, nowMs: number, windowMs: number): void {
    const rows = this.#sql.first("SELECT COUNT(*) AS count FROM failure")?.["count"] as number;
    if (rows > failuresMax) {
      this.#sql.run("DELETE FROM failure WHERE since_ms < ? AND until_ms < ?", nowMs - windowMs, nowMs);
    }
    const statement = `INSERT INTO failure (subject, count, since_ms, until_ms) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET count = excluded.count, since_ms = excluded.since_ms, until_ms = excluded.until_ms`;
    this.#sql.run(statement, subject, count, sinceMs, untilMs);
  }

  clearFailures(subject: string): void {
    if (this.failures(subject).count > 0) this.#sql.run("DELETE FROM failure WHERE subject = ?", subject);
  }

  /** Why a client was refused; the oldest of all go. */
  addRefusal(client: string, refusal: object): void {
    this.#sql.run("INSERT INTO refusal (client, json) VALUES (?, ?)", client, JSON.stringify(refusal));
    this.#sql.run("DELETE FROM refusal WHERE id <= (SELECT MAX(id) FROM refusal) - ?", refusalsMax);
  }

  putDirect({ clientId, pass, subjects }: DirectEntry): void {
    const text = JSON.stringify(subjects);
    if (this.#sql.first("SELECT subjects FROM direct WHERE pass = ?", pass)?.["subjects"] === text) return;
    const statement = `INSERT INTO direct (pass, client, subjects) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET subjects = excluded.subjects`;
    this.#sql.run(statement, pass, clientId, text);
  }

  deleteDirect(pass: string): void {
    this.#sql.run("DELETE FROM direct WHERE pass = ?", pass);
  }

  directs(): DirectEntry[] {
    return this.#sql.all("SELECT pass, client, subjects FROM direct").map((row) => ({
      pass: row["pass"] as string,
      clientId: row["client"] as string,
      subjects: JSON.parse(row["subjects"] as string) as string[],
    }));
  }

  /** Those that a change of any of the subjects concerns. */
  directsOf(subjects: readonly string[]): DirectEntry[] {
    const changed = new Set(subjects);
    return this.directs().filter((entry) => entry.subjects.some((subject) => changed.has(subject)));
  }

  /** The newest first. */
  refusals(client: string, limit: number): unknown[] {
    const statement = "SELECT json FROM refusal WHERE client = ? ORDER BY id DESC LIMIT ?";
    return this.#sql.all(statement, client, limit).map(({ json }) => JSON.parse(json as string));
  }
}
