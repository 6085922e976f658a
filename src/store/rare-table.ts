// A table that is made when something is first written into it. Making one costs two rows, and a session seldom needs more than
// one or two of its tables. While it is not there it is read as an empty one, and there is nothing in it to change. One that was
// made without a column of today gets it in the same way, when something is written into it.

import type { Sql, SqlRow, SqlValue } from "./sql.ts";

export class RareTable {
  readonly #sql: Sql;
  readonly name: string;
  readonly #columns: string;
  readonly #later: readonly string[];
  #isThere = false;
  #missing: readonly string[] = [];

  /** `columns`: what stands behind the name where it is made; `later`: those of its columns that came later. */
  constructor(sql: Sql, name: string, columns: string, later: readonly string[] = []) {
    this.#sql = sql;
    this.name = name;
    this.#columns = columns;
    this.#later = later;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** The statement that would make it as it is; undefined where it is not, since there is no database, or none any more. */
  found(statement: string | undefined): void {
    this.#isThere = statement !== undefined;
    this.#missing = statement === undefined ? [] : this.#later.filter((column) => !hasColumn(statement, column));
  }

  make(): void {
    if (!this.#isThere) this.#sql.run(`CREATE TABLE ${this.name} ${this.#columns}`);
    for (const column of this.#missing) this.#sql.run(`ALTER TABLE ${this.name} ADD COLUMN ${column}`);
    this.#isThere = true;
    this.#missing = [];
  }

  all(statement: string, ...bindings: SqlValue[]): SqlRow[] {
    return this.#isThere ? this.#sql.all(statement, ...bindings) : [];
  }

  first(statement: string, ...bindings: SqlValue[]): SqlRow | undefined {
    return this.all(statement, ...bindings)[0];
  }

  /** A statement that adds rows. */
  put(statement: string, ...bindings: SqlValue[]): void {
    this.make();
    this.#sql.run(statement, ...bindings);
  }

  /** A statement that changes or takes away what is there. */
  change(statement: string, ...bindings: SqlValue[]): void {
    this.all(statement, ...bindings);
  }
}

function hasColumn(statement: string, column: string): boolean {
  return statement.includes(column.slice(0, column.indexOf(" ") + 1));
}

/** By their names, the statements that would make them as they are. */
export function tablesOf(sql: Sql): ReadonlyMap<string, string> {
  const rows = sql.all("SELECT name, sql FROM sqlite_master WHERE type = 'table'");
  return new Map(rows.map((row) => [row["name"] as string, row["sql"] as string]));
}
