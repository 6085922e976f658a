// The way to the control database. Whoever cannot reach it is told so by a class of error, since that decides what a
// client hears: a database that is away is not a refusal. Every change raises the revision, in the transaction of the change.

import { counters } from "../counters.ts";

export class ControlUnavailable extends Error {}

export type Row = Readonly<Record<string, string | number | null>>;

export interface Entry {
  readonly actor: string;
  /** Such as `user.create`. */
  readonly action: string;
  readonly subject: string;
  /** Without anything secret. */
  readonly before?: unknown;
  readonly after?: unknown;
}

const auditRowsMax = 100_000;

export class Control {
  readonly #database: D1Database;

  constructor(database: D1Database) {
    this.#database = database;
  }

  statement(sql: string, ...values: readonly (string | number | null)[]): D1PreparedStatement {
    return this.#database.prepare(sql).bind(...values);
  }

  async all(sql: string, ...values: readonly (string | number | null)[]): Promise<Row[]> {
    const [rows = []] = await this.read([this.statement(sql, ...values)]);
    return rows;
  }

  async first(sql: string, ...values: readonly (string | number | null)[]): Promise<Row | undefined> {
    const [row] = await this.all(sql, ...values);
    return row;
  }

  /** Several reads of one state of the database. */
  async read(statements: readonly D1PreparedStatement[]): Promise<Row[][]> {
    counters.add("control_reads");
    return this.#batch(statements);
  }

  /** One transaction: the change, its entry in the audit log, and the revision that it makes. */
  async change(nowMs: number, statements: readonly D1PreparedStatement[], entry: Entry): Promise<number> {
    counters.add("control_changes");
    const rows = await this.#batch([
      ...statements,
      ...this.#entered(nowMs, entry),
      this.statement("UPDATE revision SET number = number + 1 RETURNING number"),
    ]);
    return rows.at(-1)?.[0]?.["number"] as number;
  }

  /** What is about to be done to an object: an entry in the audit log, and nothing else. */
  async note(nowMs: number, entry: Entry): Promise<void> {
    counters.add("control_changes");
    await this.#batch(this.#entered(nowMs, entry));
  }

  #entered(nowMs: number, entry: Entry): D1PreparedStatement[] {
    return [
      this.statement(
        "INSERT INTO audit (at_ms, actor, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?)",
        nowMs,
        entry.actor,
        entry.action,
        entry.subject,
        entry.before === undefined ? null : JSON.stringify(entry.before),
        entry.after === undefined ? null : JSON.stringify(entry.after),
      ),
      this.statement("DELETE FROM audit WHERE id <= (SELECT MAX(id) FROM audit) - ?", auditRowsMax),
    ];
  }

  async #batch(statements: readonly D1PreparedStatement[]): Promise<Row[][]> {
    try {
      const results = await this.#database.batch<Row>([...statements]);
      return results.map(({ results: rows }) => rows);
    } catch (error) {
      throw new ControlUnavailable(`the control database does not answer: ${(error as Error).message}`);
    }
  }
}

export const revisionQuery = "SELECT number FROM revision";
