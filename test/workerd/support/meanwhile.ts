// A second request between what a first one reads of the control database and what it writes, or between that and what it does then.

import { env } from "cloudflare:workers";

const database = env.CONTROL as { prepare: D1Database["prepare"]; batch: D1Database["batch"] };
const { prepare, batch } = database;

type Other = () => Promise<unknown>;

/** Before the next change is written, and before each that comes as long as `others` has more of them. */
export function meanwhile(...others: readonly Other[]): void {
  aroundChanges((write, other) => other().then(write), others);
}

/** When the next change is written, and nothing else is done yet. */
export function justAfter(other: Other): void {
  aroundChanges(
    async (write, made) => {
      const written = await write();
      await made();
      return written;
    },
    [other],
  );
}

/** Whoever reads a row of the table finds another comment there than whoever read it before. */
export function changedAtEachRead(table: string): void {
  database.prepare = (sql) =>
    prepare.call(
      env.CONTROL,
      sql.startsWith("SELECT there.*") && sql.includes(`JOIN ${table} `)
        ? `UPDATE ${table} SET comment = comment || 'x'
            WHERE name IN (SELECT value ->> '$[0]' FROM json_each(?)) RETURNING *`
        : sql,
    );
}

type Write = () => Promise<D1Result[]>;

function aroundChanges(run: (write: Write, other: Other) => Promise<D1Result[]>, others: readonly Other[]): void {
  const waiting = [...others];
  const look = () => {
    let isChange = false;
    database.prepare = (sql) => {
      // Every change is written down, and nothing else is.
      isChange ||= sql.startsWith("INSERT INTO audit");
      return prepare.call(env.CONTROL, sql);
    };
    database.batch = async <Row>(statements: D1PreparedStatement[]) => {
      const write = () => batch.call(env.CONTROL, statements) as Promise<D1Result<Row>[]>;
      const other = isChange ? waiting.shift() : undefined;
      if (other === undefined) return write();
      endMeanwhile();
      const result = await run(write, async () => {
        await other();
        if (waiting.length > 0) look();
      });
      return result as D1Result<Row>[];
    };
  };
  look();
}

export function endMeanwhile(): void {
  Object.assign(database, { prepare, batch });
}
