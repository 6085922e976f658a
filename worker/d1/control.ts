// The way to the control database. Whoever cannot reach it is told so by a class of error, since that decides what a
// client hears: a database that is away is not a refusal. Every change raises the revision, in the transaction of the change,
// and rests on what was read for it: see seen.ts.

import { counters } from "../counters.ts";
import { isOutdated, Outdated, type Seen, stillSo } from "./seen.ts";

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

export interface Change {
  /** What was read before, and decides what is written or what is said about it. */
  readonly restsOn: readonly Seen[];
  readonly statements: readonly D1PreparedStatement[];
  readonly entry: Entry;
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

  /** One transaction: the change, its entry in the audit log, and the revision that it makes; or none of it, if what it rests on has changed. */
  async change(nowMs: number, { restsOn, statements, entry }: Change): Promise<number> {
    counters.add("control_changes");
    const rows = await this.#batch([
      ...restsOn.flatMap((seen) => stillSo(this, seen)),
      ...statements,
      ...this.#entered(nowMs, entry),
      this.statement("UPDATE revision SET number = number + 1 RETURNING number"),
    ]);
    return rows.at(-1)?.[0]?.["number"] as number;
  }

  /** What is about to be done to an object: an entry in the audit log, and nothing else. Answers its id. */
  async note(nowMs: number, entry: Entry): Promise<number> {
    counters.add("control_changes");
    const [rows = []] = await this.#batch(this.#entered(nowMs, entry));
    return rows[0]?.["id"] as number;
  }

  /** What the object has said was there before, and is since: it was not known when the entry was written. */
  async complete(id: number, { before, after }: Pick<Entry, "before" | "after">): Promise<void> {
    counters.add("control_changes");
    const sql = "UPDATE audit SET before = COALESCE(?, before), after = COALESCE(?, after) WHERE id = ?";
    await this.#batch([this.statement(sql, jsonOf(before), jsonOf(after), id)]);
  }

  #entered(nowMs: number, entry: Entry): D1PreparedStatement[] {
    return [
      this.statement(
        "INSERT INTO audit (at_ms, actor, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        nowMs,
        entry.actor,
        entry.action,
        entry.subject,
        jsonOf(entry.before),
        jsonOf(entry.after),
      ),
      this.statement("DELETE FROM audit WHERE id <= (SELECT MAX(id) FROM audit) - ?", auditRowsMax),
    ];
  }

  async #batch(statements: readonly D1PreparedStatement[]): Promise<Row[][]> {
    try {
      const results = await this.#database.batch<Row>([...statements]);
      return results.map(({ results: rows }) => rows);
    } catch (error) {
      if (isOutdated(error)) throw new Outdated("somebody has changed the same meanwhile");
      throw new ControlUnavailable(`the control database does not answer: ${(error as Error).message}`);
    }
  }
}

function jsonOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

export const revisionQuery = "SELECT number FROM revision";
