// A database on disk as an object has one, which counts the statements it runs.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { SqlDriver, SqlRow, SqlValue } from "../../src/store/sql.ts";

export class Database implements SqlDriver {
  readonly #folder = mkdtempSync(join(tmpdir(), "durablemq-scale-"));
  #database = this.#open();
  readonly #prepared = new Map<string, StatementSync>();
  statements = 0;

  execute(statement: string, bindings: readonly SqlValue[]): SqlRow[] {
    this.statements++;
    let prepared = this.#prepared.get(statement);
    if (prepared === undefined) {
      prepared = this.#database.prepare(statement);
      this.#prepared.set(statement, prepared);
    }
    return prepared.all(...(bindings as SQLInputValue[])) as SqlRow[];
  }

  transaction<Result>(action: () => Result): Result {
    this.#database.exec("SAVEPOINT step");
    try {
      const result = action();
      this.#database.exec("RELEASE step");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK TO step; RELEASE step");
      throw error;
    }
  }

  /** All in one transaction, for filling it. */
  fill(action: () => void): void {
    this.#database.exec("BEGIN");
    action();
    this.#database.exec("COMMIT");
  }

  /** As after a sleep: nothing of it is in memory. */
  reopen(): void {
    this.#prepared.clear();
    this.#database.close();
    this.#database = this.#open();
  }

  remove(): void {
    this.#database.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #open(): DatabaseSync {
    const database = new DatabaseSync(join(this.#folder, "object.sqlite"));
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    return database;
  }
}
