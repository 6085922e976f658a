// The port through which all SQL of the objects goes: the same stores run on a Durable Object's storage and on
// node:sqlite. The platform's limits that a local runtime does not enforce are enforced here.

export type SqlValue = string | number | Uint8Array | null;
export type SqlRow = Record<string, SqlValue>;

/** What a platform provides. BLOBs come back as Uint8Array. */
export interface SqlDriver {
  /** Runs one statement and returns its rows. */
  execute(statement: string, bindings: readonly SqlValue[]): SqlRow[];
  /** Runs `action` as one transaction: if it throws, nothing of it remains. */
  transaction<Result>(action: () => Result): Result;
}

export const sqlLimits = {
  /** Bytes of a row; a single value can have no more. */
  rowBytesMax: 2_000_000,
  bindingsMax: 100,
} as const;

export class Sql {
  readonly #driver: SqlDriver;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  all(statement: string, ...bindings: SqlValue[]): SqlRow[] {
    if (bindings.length > sqlLimits.bindingsMax) throw new RangeError(`${bindings.length} bound parameters`);
    let bytes = 0;
    for (const value of bindings) {
      // UTF-16 length is a lower bound of the UTF-8 length; names are short against the limit, and bodies are bytes.
      if (value !== null && typeof value !== "number") bytes += value.length;
    }
    if (bytes > sqlLimits.rowBytesMax) throw new RangeError(`a row of ${bytes} bytes`);
    return this.#driver.execute(statement, bindings);
  }

  first(statement: string, ...bindings: SqlValue[]): SqlRow | undefined {
    return this.all(statement, ...bindings)[0];
  }

  run(statement: string, ...bindings: SqlValue[]): void {
    this.all(statement, ...bindings);
  }

  transaction<Result>(action: () => Result): Result {
    return this.#driver.transaction(action);
  }
}
