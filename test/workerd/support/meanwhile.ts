// A second request between what a first one reads of the control database and what it writes.

import { env } from "cloudflare:workers";

const database = env.CONTROL as { prepare: D1Database["prepare"]; batch: D1Database["batch"] };
const { prepare, batch } = database;

/** Before the next change is written, and before each that comes as long as `others` has more of them. */
export function meanwhile(...others: readonly (() => Promise<unknown>)[]): void {
  const waiting = [...others];
  const look = () => {
    let isChange = false;
    database.prepare = (sql) => {
      // Every change is written down, and nothing else is.
      isChange ||= sql.startsWith("INSERT INTO audit");
      return prepare.call(env.CONTROL, sql);
    };
    database.batch = async <Row>(statements: D1PreparedStatement[]) => {
      if (isChange) {
        endMeanwhile();
        await waiting.shift()?.();
        if (waiting.length > 0) look();
      }
      return batch.call(env.CONTROL, statements) as Promise<D1Result<Row>[]>;
    };
  };
  look();
}

export function endMeanwhile(): void {
  Object.assign(database, { prepare, batch });
}
