// A table that is made when something is first written into it. Making one costs two rows, and a session seldom needs more than
// one or two of its tables. While it is not there it is read as an empty one, and there is nothing in it to change.

import type { Sql, SqlRow, SqlValue } from "./sql.ts";

export class RareTable {
  readonly #sql: Sql;
  readonly name: string;
  readonly #columns: string;
  #isThere = false;

  /** `columns`: what stands behind the name where it is made. */
  constructor(sql: Sql, name: string, columns: string) {
    this.#sql = sql;
    this.name = name;
    this.#columns = columns;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** Which tables there are; none where there is no database, or none any more. */
  found(names: ReadonlySet<string>): void {
    this.#isThere = names.has(this.name);
  }

  make(): void {
    if (this.#isThere) return;
    this.#sql.run(`CREATE TABLE ${this.name} ${this.#columns}`);
    this.#isThere = true;
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

export function tableNames(sql: Sql): ReadonlySet<string> {
  return new Set(sql.all("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name as string));
}
