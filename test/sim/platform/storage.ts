// The storage of one object, on node:sqlite: its rows and its alarm, which outlive every life of the object. What is
// written is one open transaction until it is committed; if the object is reset before, nothing of it remains.

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { SqlRow } from "../../../src/store/sql.ts";

export type Row = SqlRow;

interface Prepared {
  readonly statement: StatementSync;
  readonly writes: boolean;
  readonly changesSchema: boolean;
}

export class Storage {
  readonly #database = new DatabaseSync(":memory:");
  readonly #prepared = new Map<string, Prepared>();
  #depth = 0;
  #rollbacks = 0;
  #isDirty = false;
  #hasNewSchema = false;
  #alarmAtMs: number | undefined;
  #committedAlarmAtMs: number | undefined;

  /** Something is written and not committed. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** As committed. */
  get alarmAtMs(): number | undefined {
    return this.#committedAlarmAtMs;
  }

  execute(statement: string, bindings: readonly unknown[]): Row[] {
    const prepared = this.#prepare(statement);
    if (prepared.writes) this.#begin();
    const rows = prepared.statement.all(...(bindings as SQLInputValue[])) as Row[];
    if (prepared.changesSchema) this.#schemaChanged();
    return rows;
  }

  transaction<Result>(action: () => Result): Result {
    this.#begin();
    const savepoint = `level_${this.#depth++}`;
    const rollbacks = this.#rollbacks;
    this.#run(`SAVEPOINT ${savepoint}`);
    try {
      const result = action();
      if (rollbacks === this.#rollbacks) this.#run(`RELEASE ${savepoint}`);
      return result;
    } catch (error) {
      if (rollbacks === this.#rollbacks) {
        this.#run(`ROLLBACK TO ${savepoint}`);
        this.#run(`RELEASE ${savepoint}`);
      }
      throw error;
    } finally {
      this.#depth--;
    }
  }

  setAlarm(atMs: number | undefined): void {
    this.#begin();
    this.#alarmAtMs = atMs;
  }

  /** The alarm rings: it is set no more. */
  takeAlarm(): void {
    this.#alarmAtMs = undefined;
    this.#committedAlarmAtMs = undefined;
  }

  /** Everything goes, the alarm too. */
  deleteAll(): void {
    this.#begin();
    for (const table of this.tables()) this.execute(`DROP TABLE ${table}`, []);
    this.#alarmAtMs = undefined;
  }

  tables(): string[] {
    const rows = this.execute("SELECT name FROM sqlite_master WHERE type = 'table'", []);
    return rows.map(({ name }) => name as string);
  }

  commit(): void {
    if (!this.#isDirty) return;
    this.#run("COMMIT");
    this.#isDirty = false;
    this.#hasNewSchema = false;
    this.#committedAlarmAtMs = this.#alarmAtMs;
  }

  rollback(): void {
    if (!this.#isDirty) return;
    this.#run("ROLLBACK");
    if (this.#hasNewSchema) this.#schemaChanged();
    this.#hasNewSchema = false;
    this.#rollbacks++;
    this.#isDirty = false;
    this.#alarmAtMs = this.#committedAlarmAtMs;
  }

  close(): void {
    this.#database.close();
  }

  #begin(): void {
    if (this.#isDirty) return;
    this.#run("BEGIN");
    this.#isDirty = true;
  }

  /** A prepared statement goes on naming the columns that there were. */
  #schemaChanged(): void {
    this.#prepared.clear();
    this.#hasNewSchema = true;
  }

  #run(statement: string): void {
    this.#prepare(statement).statement.run();
  }

  #prepare(statement: string): Prepared {
    let prepared = this.#prepared.get(statement);
    if (prepared === undefined) {
      prepared = {
        statement: this.#database.prepare(statement),
        writes: !/^\s*SELECT\b/i.test(statement),
        changesSchema: /^\s*(CREATE|ALTER|DROP)\b/i.test(statement),
      };
      this.#prepared.set(statement, prepared);
    }
    return prepared;
  }
}
