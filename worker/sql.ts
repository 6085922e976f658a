// The SQL port on a Durable Object's storage. Rows are counted here, as they are billed.

import type { SqlDriver, SqlRow, SqlValue } from "../src/store/sql.ts";
import { counters } from "./counters.ts";

export class ObjectSql implements SqlDriver {
  readonly #storage: DurableObjectStorage;
  readonly #share: "directory_rows_written" | undefined;

  /** `share`: a counter of its own for the rows that are written here. */
  constructor(storage: DurableObjectStorage, share?: "directory_rows_written") {
    this.#storage = storage;
    this.#share = share;
  }

  execute(statement: string, bindings: readonly SqlValue[]): SqlRow[] {
    const cursor = this.#storage.sql.exec(statement, ...bindings);
    const rows = cursor.toArray() as SqlRow[];
    counters.add("rows_read", cursor.rowsRead);
    counters.add("rows_written", cursor.rowsWritten);
    if (this.#share !== undefined) counters.add(this.#share, cursor.rowsWritten);
    for (const row of rows) {
      for (const name in row) {
        const value = row[name] as unknown;
        if (value instanceof ArrayBuffer) row[name] = new Uint8Array(value);
      }
    }
    return rows;
  }

  transaction<Result>(action: () => Result): Result {
    return this.#storage.transactionSync(action);
  }
}
