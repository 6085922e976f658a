// The SQL port on node:sqlite, in memory: the stores run in tests as they do in an object.

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { SqlDriver, SqlRow, SqlValue } from "../../src/store/sql.ts";

export class NodeSql implements SqlDriver {
  readonly #database = new DatabaseSync(":memory:");
  readonly #prepared = new Map<string, StatementSync>();
  #depth = 0;

  execute(statement: string, bindings: readonly SqlValue[]): SqlRow[] {
    let prepared = this.#prepared.get(statement);
    if (prepared === undefined) {
      prepared = this.#database.prepare(statement);
      this.#prepared.set(statement, prepared);
    }
    return prepared.all(...(bindings as SQLInputValue[])) as SqlRow[];
  }

  transaction<Result>(action: () => Result): Result {
    const savepoint = `level_${this.#depth++}`;
    this.execute(`SAVEPOINT ${savepoint}`, []);
    try {
      const result = action();
      this.execute(`RELEASE ${savepoint}`, []);
      return result;
    } catch (error) {
      this.execute(`ROLLBACK TO ${savepoint}`, []);
      this.execute(`RELEASE ${savepoint}`, []);
      throw error;
    } finally {
      this.#depth--;
    }
  }
}
