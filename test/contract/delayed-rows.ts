// What the rows of delayed messages promise, wherever they are.

import { expect, test } from "vitest";
import type { RowKey, ShardChange } from "../../src/shard/changes.ts";
import { ShardStore } from "../../src/store/shard-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { records } from "../support/records.ts";
import type { WithDriver } from "./driver.ts";

const startMs = 1_700_000_000_000;
const all: RowKey = { dueAtMs: startMs + 1_000_000, id: Number.MAX_SAFE_INTEGER };

/** Due so many milliseconds after the start. */
function put(afterMs: number, publisher: string, ...texts: string[]): ShardChange {
  const row = { dueAtMs: startMs + afterMs, publisher, count: texts.length, body: records(...texts) };
  return { kind: "put-delayed", row };
}

export function delayedRowsContract(withDriver: WithDriver): void {
  const onStore = (run: (store: ShardStore, reopen: () => ShardStore) => void) => () =>
    withDriver((driver) => {
      const sql = new Sql(driver);
      run(new ShardStore(sql), () => new ShardStore(sql));
    });
  const publishers = (store: ShardStore, upTo = all, countMax = 100, bytesMax = 1e6) =>
    store.delayed.rows(upTo, countMax, bytesMax).map(({ publisher }) => publisher);

  test(
    "they come back whole, by their time, and those of one time as they came",
    onStore((store, reopen) => {
      store.apply([put(20, "c:late", "a:1 q0"), put(10, "c:é", "a:2 q1", "b:3 q2 retain")]);
      for (const publisher of ["c:2", "c:3"]) store.apply([put(10, publisher, "a:4 q1")]);
      store.apply([put(0, "c:early", "a:5 q1")]);
      const read = reopen().delayed;
      expect(read.nextAtMs()).toBe(startMs);
      expect(publishers(store)).toEqual(["c:early", "c:é", "c:2", "c:3", "c:late"]);
      expect(read.rows(all, 2, 1e6)[1]).toEqual({
        dueAtMs: startMs + 10,
        id: 1,
        publisher: "c:é",
        count: 2,
        body: records("a:2 q1", "b:3 q2 retain"),
      });
    }),
  );

  test(
    "pages end at a key, after so many rows, or before so many bytes, but with one row at least",
    onStore((store) => {
      const body = records("a:1 q1").length;
      store.apply([put(0, "1", "a:1 q1"), put(0, "2", "a:1 q1"), put(0, "3", "a:1 q1"), put(5, "4", "a:1 q1")]);
      expect(publishers(store, { dueAtMs: startMs, id: 2 })).toEqual(["1", "2"]);
      expect(publishers(store, { dueAtMs: startMs + 4, id: Number.MAX_SAFE_INTEGER })).toEqual(["1", "2", "3"]);
      expect(publishers(store, all, 3)).toEqual(["1", "2", "3"]);
      expect(publishers(store, all, 100, 2 * body + 1)).toEqual(["1", "2"]);
      expect(publishers(store, all, 100, 0)).toEqual(["1"]);
    }),
  );

  test(
    "they go up to a key, and the next one's time is the next",
    onStore((store) => {
      store.apply([put(0, "1", "a:1 q1"), put(0, "2", "a:1 q1"), put(5, "3", "a:1 q1", "a:2 q1")]);
      expect(store.delayed.totals().messages).toBe(4);
      store.apply([{ kind: "delete-delayed", upTo: { dueAtMs: startMs, id: 2 } }]);
      expect(publishers(store)).toEqual(["3"]);
      expect(store.delayed.nextAtMs()).toBe(startMs + 5);
      expect(store.delayed.totals()).toEqual({ messages: 2, bytes: records("a:1 q1", "a:2 q1").length });
      store.apply([{ kind: "delete-delayed", upTo: all }]);
      expect([store.delayed.nextAtMs(), store.delayed.totals()]).toEqual([undefined, { messages: 0, bytes: 0 }]);
      expect(publishers(store)).toEqual([]);
    }),
  );

  test(
    "the last release begun comes back",
    onStore((store, reopen) => {
      expect(store.delayed.release()).toBeUndefined();
      const first = { dueAtMs: startMs, id: 3, sequence: 1, count: 7 };
      const second = { dueAtMs: startMs + 1, id: 1, sequence: 2 ** 47, count: 1 };
      for (const release of [first, second]) store.apply([{ kind: "put-release", release }]);
      expect(reopen().delayed.release()).toEqual(second);
    }),
  );

  test("rows written, as they are billed", () =>
    withDriver((driver) => {
      const store = new ShardStore(new Sql(driver));
      const release = { dueAtMs: startMs, id: 2, sequence: 1, count: 3 };
      const expected: readonly (readonly [change: ShardChange, rows: number])[] = [
        [put(0, "1", "a:1 q1", "a:2 q1"), 1],
        [put(0, "2", "a:3 q1"), 1],
        [{ kind: "put-release", release }, 1],
        [{ kind: "put-release", release }, 1],
        [{ kind: "delete-delayed", upTo: all }, 2],
        [{ kind: "delete-delayed", upTo: all }, 0],
      ];
      const counted = expected.map(([change]) => {
        const before = driver.rowsWritten();
        store.apply([change]);
        const after = driver.rowsWritten();
        return before === undefined || after === undefined ? undefined : after - before;
      });
      expect(counted).toEqual(expected.map(([, rows]) => (driver.rowsWritten() === undefined ? undefined : rows)));
    }));

  test("rows are written beside a column that newer code has added", () =>
    withDriver((driver) => {
      const sql = new Sql(driver);
      const store = new ShardStore(sql);
      for (const table of ["delayed", "released"]) {
        sql.run(`ALTER TABLE ${table} ADD COLUMN added_later INTEGER NOT NULL DEFAULT 0`);
      }
      store.apply([put(0, "1", "a:1 q1")]);
      const release = { dueAtMs: startMs, id: 1, sequence: 1, count: 1 };
      store.apply([{ kind: "put-release", release }]);
      expect([publishers(store), store.delayed.release()]).toEqual([["1"], release]);
    }));
}
