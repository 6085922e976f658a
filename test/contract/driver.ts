// How a contract suite gets at SQL: a fresh database that knows how many rows were written, as they are billed.

import type { SqlDriver } from "../../src/store/sql.ts";

export interface ContractDriver extends SqlDriver {
  /** Rows written so far; undefined where nobody counts them. */
  rowsWritten(): number | undefined;
}

/** Runs a test on an empty database. */
export type WithDriver = (run: (driver: ContractDriver) => void) => Promise<void>;
